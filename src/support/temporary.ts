/**
 * Directories for work in progress. A kill at any moment leaves at most such a directory, and the
 * next one made beside it removes it.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { processId, thisProcess } from './alive.js';

const TEMPORARY = '.tmp-';

/**
 * Makes an empty directory inside a store, on the same file system as its entries. Its name carries
 * the owner's pid and start time; directories of dead owners are removed on the way.
 */
export async function temporaryDirectory(root: string): Promise<string> {
  await mkdir(root, { recursive: true });
  await removeAbandoned(root);
  const { pid, start } = thisProcess();
  const path = join(root, `${TEMPORARY}${pid}-${start}-${randomBytes(6).toString('hex')}`);
  await mkdir(path, { mode: 0o700 });
  return path;
}

async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const [pid, start] = name.slice(TEMPORARY.length).split('-');
    if (start === undefined || processId(Number(pid))?.start !== start) {
      await rm(join(root, name), { recursive: true, force: true });
    }
  }
}
