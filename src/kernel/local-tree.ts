/** What can be learnt of a Linux source tree by looking at it: its version, whether it is clean, its identity. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LupineError, isSystemError } from '../support/errors.js';
import { run } from '../support/process.js';
import { keyOf } from '../support/store.js';

/**
 * The version of a tree, from its Makefile.
 * @throws LupineError when it is no Linux source tree.
 */
export async function inspectTree(path: string): Promise<{ version: string; line: string }> {
  let makefile: string;
  try {
    makefile = await readFile(join(path, 'Makefile'), 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw notLinux(path, error);
  }
  const field = (name: string) =>
    new RegExp(`^${name}[ \\t]*=[ \\t]*(\\S*)[ \\t]*$`, 'm').exec(makefile)?.[1];
  const [major, minor, patch, extra] = ['VERSION', 'PATCHLEVEL', 'SUBLEVEL', 'EXTRAVERSION'].map(
    field,
  );
  if (major === undefined || minor === undefined || !/^\d+\.\d+$/.test(`${major}.${minor}`)) {
    throw notLinux(path);
  }
  const line = `${major}.${minor}`;
  return { line, version: `${line}.${patch ?? '0'}${extra ?? ''}` };
}

/**
 * A tree in which somebody built cannot be built from outside: the kernel's Makefile refuses it.
 * @throws LupineError that says so.
 */
export function requireClean(path: string): void {
  const traces = ['.config', 'include/config', 'arch/x86/include/generated'];
  const found = traces.find((name) => existsSync(join(path, name)));
  if (found === undefined) return;
  throw new LupineError('the source tree is not clean', {
    where: join(path, found),
    fix: `save its .config and run \`make -C ${path} mrproper\``,
  });
}

/**
 * An identity of a tree of the user's: names, modes, sizes and change times of its files, as `make`
 * itself would judge what is new. Reading every byte would take longer than an incremental build.
 */
export async function fingerprintTree(path: string): Promise<string> {
  const { stdout } = await run('find', [
    ...[path, '-path', join(path, '.git'), '-prune', '-o', '-not', '-type', 'd'],
    ...['-printf', '%P %m %s %T@ %l\\n'],
  ]);
  return keyOf('tree', path, stdout.split('\n').sort().join('\n'));
}

function notLinux(path: string, cause?: unknown): LupineError {
  return new LupineError('not a Linux source tree', {
    where: path,
    fix: "name the directory that has the kernel's top Makefile",
    cause,
  });
}
