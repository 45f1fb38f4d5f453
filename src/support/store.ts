/**
 * Caches on disk whose entries are named by the hash of what made them. An entry appears by one
 * rename, so whoever sees it sees all of it; a kill at any moment leaves at most a temporary
 * directory, which the next user of the store removes.
 */

import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from './context.js';
import { isSystemError } from './errors.js';
import { lock } from './lock.js';
import { run } from './process.js';

/**
 * Returns the directory of an entry, built first when it is absent. Of two processes that want the
 * same entry one builds, the other waits and takes the result.
 * @param root the store's directory. @param key a file name without slashes.
 * @param build fills an empty directory; when it throws, nothing remains.
 */
export async function cached(
  root: string,
  key: string,
  build: (directory: string) => Promise<void>,
  context: Context,
): Promise<string> {
  const path = join(root, key);
  if (await used(path)) return path;
  const held = await lock(join(root, '.locks', key), {
    signal: context.signal,
    onWait: () => context.progress.note(`waiting for another process that builds ${key}`),
  });
  try {
    if (await used(path)) return path;
    const temporary = await temporaryDirectory(root);
    try {
      await build(temporary);
      await syncDirectory(temporary);
      await rename(temporary, path);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    return path;
  } finally {
    await held.release();
  }
}

/** True when the entry exists; marks it as used now, for whoever prunes by age. */
async function used(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
  return true;
}

/** From here on one flush of the whole file system is faster than one for each file. */
const MANY_FILES = 1_000;

/** Flushes what a build wrote, so that a crash of the machine cannot leave an entry of empty files. */
async function syncDirectory(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  if (entries.length > MANY_FILES) {
    await run('sync', ['--file-system', directory]);
    return;
  }
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = await open(join(entry.parentPath, entry.name), 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

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

/** A key over parts, unambiguous in their borders: 32 hexadecimal digits of SHA-256. */
export function keyOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(`${Buffer.byteLength(part)}:`);
    hash.update(part);
  }
  return hash.digest('hex').slice(0, 32);
}
