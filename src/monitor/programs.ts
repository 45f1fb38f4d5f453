/** The monitors' programs on this machine, and their versions. */

import { accessSync, constants, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import * as v from 'valibot';
import { LupineError } from '../support/errors.js';
import { recall, remember } from './remembered.js';

export interface Wanted {
  /** The environment variable that names another program than PATH's. */
  readonly variable: string;
  /** What the user named, before both. */
  readonly chosen?: string | undefined;
  /** What a user calls it. */
  readonly called: string;
  /** How to get it. */
  readonly fix: string;
}

/** Returns the path of a monitor's program. @throws LupineError when it is not on this machine. */
export function findProgram(name: string, { variable, chosen, called, fix }: Wanted): string {
  const inherited = process.env[variable] ?? '';
  const named = chosen ?? (inherited === '' ? undefined : inherited);
  if (named !== undefined) {
    if (isExecutable(named)) return resolve(named);
    const where = chosen === undefined ? `${variable}=${named}` : named;
    throw new LupineError('not a program', { where });
  }
  const found = onPath(name);
  if (found !== undefined) return found;
  throw new LupineError(`${called} is missing`, { where: name, fix });
}

function onPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

const KnownVersion = v.object({
  program: v.string(),
  modified: v.number(),
  size: v.number(),
  version: v.pipe(v.string(), v.maxLength(200)),
});

/**
 * What `--version` says. Asking can cost as much as starting a VM, so it is asked once for each
 * installed file.
 * @param subject the name under which the answer is remembered.
 * @param pattern its first group is the version.
 */
export async function versionOf(
  subject: string,
  program: string,
  pattern: RegExp,
  fix: string,
): Promise<string> {
  const { mtimeMs: modified, size } = await stat(program);
  const known = await recall(subject, KnownVersion);
  if (known?.program === program && known.modified === modified && known.size === size) {
    return known.version;
  }
  const { run } = await import('../support/process.js');
  const { stdout } = await run(program, ['--version'], { install: fix, timeout: 10_000 });
  const version = pattern.exec(stdout)?.[1];
  if (version === undefined) throw new LupineError(`not ${subject}`, { where: program, fix });
  await remember(subject, { program, modified, size, version });
  return version;
}
