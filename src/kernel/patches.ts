/** Patch series: directories of `NNNN-*.patch`, applied in the order of their names. */

import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { LupineError, isSystemError } from '../support/errors.js';
import { run } from '../support/process.js';

export interface Patch {
  readonly path: string;
  readonly sha256: string;
}

/**
 * The patches of several series, in order.
 * @param series names under linux/<line>/, or absolute paths.
 * @throws LupineError when a series does not exist.
 */
export async function listPatches(
  series: readonly string[],
  line: string,
  root: string,
): Promise<Patch[]> {
  const lists = await Promise.all(
    series.map(async (name) => {
      const directory = isAbsolute(name) ? name : join(root, line, name);
      const files = (await entries(directory, name, line)).filter((file) =>
        file.endsWith('.patch'),
      );
      return Promise.all(
        files.sort().map(async (file) => {
          const path = join(directory, file);
          const sha256 = createHash('sha256')
            .update(await readFile(path))
            .digest('hex');
          return { path, sha256 };
        }),
      );
    }),
  );
  return lists.flat();
}

async function entries(directory: string, name: string, line: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new LupineError(`no patch series ${name} for Linux ${line}`, {
      where: directory,
      fix: 'use a line that Lupine has patches for, e.g. 6.12 or 6.1',
      cause: error,
    });
  }
}

/**
 * Applies one patch to a tree, without fuzz.
 * @throws LupineError naming the patch and the file it does not fit.
 */
export async function applyPatch(tree: string, patch: Patch): Promise<void> {
  const { status, stdout } = await run(
    'patch',
    [
      '-p1',
      '--forward',
      '--fuzz=0',
      '--no-backup-if-mismatch',
      '--reject-file=-',
      '-i',
      patch.path,
    ],
    { cwd: tree, accept: [0, 1, 2], install: 'apt-get install patch', env: { LC_ALL: 'C' } },
  );
  if (status === 0) return;
  throw new LupineError('a patch does not apply', {
    where: `${patch.path}: ${reasonOf(stdout)}`,
    fix: 'the series must match this kernel version: refresh the patch, or use another version',
  });
}

/** From patch's words: the file it was at, and what went wrong with it. */
function reasonOf(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const at = lines.findIndex((line) =>
    /FAILED|can't find file|previously applied|malformed|Only garbage/.test(line),
  );
  const file = lines.slice(0, at + 1).findLast((line) => line.startsWith('patching file '));
  const what = lines[at] ?? lines.findLast((line) => line !== '') ?? 'it said nothing';
  return file === undefined ? what : `${file.slice('patching file '.length)}: ${what}`;
}
