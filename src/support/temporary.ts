/**
 * Directories for work in progress. A kill at any moment leaves at most such a directory, and the
 * next one made beside it removes it.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from './errors.js';

const TEMPORARY = '.tmp-';

/**
 * Makes an empty directory inside a store, on the same file system as its entries. Its name carries
 * the owner's pid and start time; directories of dead owners are removed on the way.
 */
export async function temporaryDirectory(root: string): Promise<string> {
  await mkdir(root, { recursive: true });
  await removeAbandoned(root);
  const owner = `${process.pid}-${(await startTime(process.pid)) ?? '0'}`;
  const path = join(root, `${TEMPORARY}${owner}-${randomBytes(6).toString('hex')}`);
  await mkdir(path, { mode: 0o700 });
  return path;
}

async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const [pid, started] = name.slice(TEMPORARY.length).split('-');
    const now = await startTime(Number(pid));
    if (now === undefined || now !== started) {
      await rm(join(root, name), { recursive: true, force: true });
    }
  }
}

/**
 * When a process was started, in clock ticks since boot: with the pid it names a process for good.
 * Undefined when there is none. Source: proc_pid_stat(5), field 22.
 */
export async function startTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
