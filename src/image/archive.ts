/**
 * Reads the members of an outer tar (`oci-archive:`, `docker-archive:`) where they lie: one walk over
 * its headers notes offsets, nothing is ever unpacked, so no path in it can do harm. Names are keys,
 * not paths of this machine. A compressed archive is first expanded into the cache, keyed by what
 * stat(2) says of it.
 */

import { createReadStream } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../support/context.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { cacheDirectory } from '../support/paths.js';
import { cached, keyOf } from '../support/store.js';
import { MAGIC_BYTES, compressionOf, expanded } from './compression.js';
import { type Member, resolveMember, tarMembers } from './tar-members.js';

export interface Archive {
  has(name: string): boolean;
  /** Bytes of a member, links followed. @throws LupineError when there is none. */
  size(name: string): number;
  /** The content of a small member. @throws LupineError when absent or larger than the limit. */
  read(name: string, limit: number): Promise<Buffer>;
  stream(name: string): AsyncIterable<Buffer>;
}

/** @throws LupineError when the file is absent, no tar, damaged, or has too many members. */
export async function openArchive(path: string, context: Context): Promise<Archive> {
  const file = await plainFile(path, context);
  const members = await tarMembers(file, path);
  const find = (name: string): Member => {
    const member = resolveMember(members, name);
    if (member === undefined) throw new LupineError(`no ${name} in the archive`, { where: path });
    return member;
  };
  const stream = (name: string): AsyncIterable<Buffer> => {
    const { offset, size } = find(name);
    return size === 0
      ? emptyStream()
      : (createReadStream(file, {
          start: offset,
          end: offset + size - 1,
          highWaterMark: 1 << 18,
        }) as AsyncIterable<Buffer>);
  };
  return {
    has: (name) => resolveMember(members, name) !== undefined,
    size: (name) => find(name).size,
    stream,
    async read(name, limit) {
      if (find(name).size > limit) {
        throw new LupineError(`${name} is larger than ${limit} bytes`, { where: path });
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream(name)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- an async iterable of nothing
async function* emptyStream(): AsyncGenerator<Buffer, void, undefined> {
  yield* [];
}

/** The archive itself, or its expanded copy in the cache. */
async function plainFile(path: string, context: Context): Promise<string> {
  const start = await readStart(path);
  if (compressionOf(start, path) === 'none') return path;
  const info = await stat(path, { bigint: true });
  const key = keyOf(await realpath(path), [info.dev, info.ino, info.size, info.mtimeNs].join(' '));
  const entry = await cached(
    join(cacheDirectory(), 'archives'),
    key,
    async (directory) => {
      const task = context.progress.task(`expanding ${path}`);
      try {
        await expandTo(path, join(directory, 'archive.tar'), context);
        task.succeed();
      } catch (error) {
        task.fail();
        throw error;
      }
    },
    context,
  );
  return join(entry, 'archive.tar');
}

async function readStart(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) throw new LupineError('no such file', { where: path });
    if (isSystemError(error))
      throw new LupineError(`cannot read (${error.code ?? ''})`, { where: path });
    throw error;
  }
}

async function expandTo(path: string, to: string, context: Context): Promise<void> {
  const file = await open(to, 'wx');
  try {
    for await (const chunk of expanded(createReadStream(path) as AsyncIterable<Buffer>, path)) {
      context.signal?.throwIfAborted();
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
}
