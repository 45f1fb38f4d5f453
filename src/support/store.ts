/**
 * Caches on disk whose entries are named by the hash of what made them. An entry appears by one
 * rename, so whoever sees it sees all of it; a kill at any moment leaves at most a temporary
 * directory, which the next user of the store removes.
 */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from './context.js';
import { lock } from './lock.js';
import { run } from './process.js';
import { temporaryDirectory } from './temporary.js';

export { temporaryDirectory } from './temporary.js';

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

/** A key over parts, unambiguous in their borders: 32 hexadecimal digits of SHA-256. */
export function keyOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(`${Buffer.byteLength(part)}:`);
    hash.update(part);
  }
  return hash.digest('hex').slice(0, 32);
}
