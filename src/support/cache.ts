/**
 * The cache as a whole: how much each store holds, and removing what has not been used for a while.
 * A store is a directory whose entries are named by a hash; using an entry sets its time.
 */

import type { Dirent } from 'node:fs';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isSystemError } from './errors.js';
import { cacheDirectory } from './paths.js';
import { temporaryDirectory } from './temporary.js';

export interface Store {
  /** Below the cache: `kernel/builds`. */
  readonly name: string;
  readonly entries: number;
  readonly bytes: number;
}

interface Entry {
  readonly store: string;
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly used: number;
}

/** An entry's name: a hash, perhaps with an ending. */
const ENTRY = /^[0-9a-f]{32,}(?:[.-][A-Za-z0-9.-]+)?$/;

export async function cacheStores(): Promise<Store[]> {
  const stores = new Map<string, Store>();
  for (const { store, bytes } of await entriesBelow(cacheDirectory())) {
    const before = stores.get(store);
    stores.set(store, {
      name: store,
      entries: (before?.entries ?? 0) + 1,
      bytes: (before?.bytes ?? 0) + bytes,
    });
  }
  return [...stores.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Removes entries that were last used before a moment. Whoever has one open keeps it: files live on
 * until they are closed.
 * @param needed files that must stay, wherever they are; with one, its whole entry stays.
 * @returns the bytes that came free.
 */
export async function pruneCache(before: Date, needed: readonly string[] = []): Promise<number> {
  let freed = 0;
  for (const { store, path, bytes, used } of await entriesBelow(cacheDirectory())) {
    if (used >= before.getTime()) continue;
    if (needed.some((file) => file === path || file.startsWith(`${path}/`))) continue;
    // Renamed first: an entry is there whole or not at all.
    const trash = await temporaryDirectory(join(cacheDirectory(), store));
    await rename(path, join(trash, 'entry'));
    await rm(trash, { recursive: true, force: true });
    freed += bytes;
  }
  return freed;
}

async function entriesBelow(directory: string): Promise<Entry[]> {
  const found: Entry[] = [];
  for (const child of await list(directory)) {
    const path = join(directory, child.name);
    if (ENTRY.test(child.name)) {
      const { mtimeMs } = await lstat(path);
      const store = relative(cacheDirectory(), directory);
      found.push({ store, path, bytes: await diskUse(path), used: mtimeMs });
    } else if (child.isDirectory() && !child.name.startsWith('.')) {
      found.push(...(await entriesBelow(path)));
    }
  }
  return found;
}

/** Bytes on the disk, holes not counted. */
async function diskUse(path: string): Promise<number> {
  const { blocks } = await lstat(path);
  let bytes = blocks * 512;
  for (const child of await list(path)) bytes += await diskUse(join(path, child.name));
  return bytes;
}

async function list(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return [];
    throw error;
  }
}
