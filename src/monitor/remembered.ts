/**
 * What was learnt about this machine: one small JSON file a subject in the state directory. It is
 * only ever a saving: an absent, unreadable or unexpected file means "not known".
 */

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { isSystemError } from '../support/errors.js';
import { stateDirectory } from '../support/paths.js';

/** Returns what the file of this subject says, if that has the expected shape. */
export async function recall<T>(
  subject: string,
  schema: v.GenericSchema<unknown, T>,
): Promise<T | undefined> {
  try {
    const parsed = v.safeParse(schema, JSON.parse(await readFile(fileOf(subject), 'utf8')));
    return parsed.success ? parsed.output : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isSystemError(error)) return undefined;
    throw error;
  }
}

/** Writes the file in one step. A state directory that cannot be written costs only the saving. */
export async function remember(subject: string, value: unknown): Promise<void> {
  const path = fileOf(subject);
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(stateDirectory(), { recursive: true });
    await writeFile(temporary, `${JSON.stringify(value)}\n`);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (!isSystemError(error)) throw error;
  }
}

function fileOf(subject: string): string {
  return join(stateDirectory(), `${subject}.json`);
}
