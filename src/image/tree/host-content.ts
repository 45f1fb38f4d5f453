/**
 * Contents that are on this machine: host files, or bytes in memory; positions are numbers into a
 * list. A file must be, when it is read, what it was when it was listed: otherwise a tree's digest
 * would not say what its bytes are.
 */

import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { LupineError, isSystemError } from '../../support/errors.js';
import type { ContentSource } from './content.js';

/** A host file as it was found. */
export interface HostFile {
  /** Bytes, since names on disk need not be UTF-8. */
  readonly path: Buffer;
  readonly stat: FileIdentity;
}

/** What tells that a file is still the same. */
export type FileIdentity = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs'>;

const PIECE = 256 * 1024;

export function hostSource(contents: readonly (HostFile | Uint8Array)[]): ContentSource {
  return {
    async *pour(files, sink, signal) {
      for (const [index, file] of files.entries()) {
        // Lets Ctrl-C and the progress line through.
        if (index % 64 === 0) await setImmediate();
        const content = contents[file.position];
        if (content === undefined) throw new Error(`no content ${file.position}`);
        sink.begin(file);
        if (content instanceof Uint8Array) {
          sink.data(Buffer.from(content));
        } else {
          for (const piece of piecesOf(content)) {
            if (piece.length === PIECE) await setImmediate();
            signal?.throwIfAborted();
            sink.data(piece);
            yield* sink.take();
          }
        }
        sink.end();
        yield* sink.take();
      }
    },
  };
}

/** Synchronous: for the thousands of small files of a tree that is ten times as fast. */
function* piecesOf(file: HostFile): Generator<Buffer, void, undefined> {
  // NONBLOCK: a FIFO put in its place would wait for ever.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const descriptor = readable(file, () => openSync(file.path, flags));
  try {
    checkUnchanged(file, descriptor);
    let left = Number(file.stat.size);
    while (left > 0) {
      const piece = Buffer.allocUnsafe(Math.min(left, PIECE));
      const count = readable(file, () => readSync(descriptor, piece));
      if (count === 0) changed(file);
      left -= count;
      yield piece.subarray(0, count);
    }
    checkUnchanged(file, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readable<T>(file: HostFile, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ELOOP' || error.code === 'ENOENT') changed(file);
    throw new LupineError(`a file cannot be read (${error.code ?? 'error'})`, {
      where: file.path.toString(),
      cause: error,
    });
  }
}

function checkUnchanged(file: HostFile, descriptor: number): void {
  const now = fstatSync(descriptor, { bigint: true });
  const { dev, ino, size, mtimeNs } = file.stat;
  if (now.dev !== dev || now.ino !== ino || now.size !== size || now.mtimeNs !== mtimeNs) {
    changed(file);
  }
}

function changed(file: HostFile): never {
  throw new LupineError('a file changed while it was read', {
    where: file.path.toString(),
    fix: 'try again when nothing writes to it',
  });
}
