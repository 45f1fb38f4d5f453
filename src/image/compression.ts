/**
 * Compressed streams of others: recognised by their first bytes, never by what a manifest claims,
 * and bounded, so that a small download cannot keep a machine busy for ever.
 *
 * gzip (several members too) is node:zlib's; zstd is node:zlib's where it has it (Node 22.15), else
 * the zstd program's. Data after the end of a stream that is not a further member is an error.
 */

import { spawn } from 'node:child_process';
import { type Duplex, Readable, pipeline } from 'node:stream';
import * as zlib from 'node:zlib';
import { LupineError, isSystemError } from '../support/errors.js';
import { EXPANDED_BYTES, EXPANSION } from './limits.js';

export type Compression = 'none' | 'gzip' | 'zstd';

const MAGIC: readonly (readonly [string, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
];

/** Enough of a stream's start to recognise it. */
export const MAGIC_BYTES = 6;

/** @param start the first `MAGIC_BYTES` bytes, or all there are. @throws LupineError for xz, bzip2, lz4. */
export function compressionOf(start: Uint8Array, where: string): Compression {
  const found = MAGIC.find(([, magic]) => magic.every((byte, i) => start[i] === byte))?.[0];
  if (found === undefined) return isSkippableFrame(start) ? 'zstd' : 'none';
  if (found === 'gzip' || found === 'zstd') return found;
  throw new LupineError(`compressed with ${found}, which images do not use`, {
    where,
    fix: 'images have gzip, zstd or no compression; copy it with skopeo to convert it',
  });
}

/** zstd streams may open with frames of other people's data (RFC 8878, 3.1.2). */
function isSkippableFrame(s: Uint8Array): boolean {
  const [first = 0] = s;
  return (first & 0xf0) === 0x50 && s[1] === 0x2a && s[2] === 0x4d && s[3] === 0x18;
}

export interface ExpansionLimits {
  readonly free: number;
  readonly ratio: number;
}

/**
 * The uncompressed bytes of a stream.
 * @throws LupineError (while being read) on damage, an end too early, data after the end, or a bomb.
 */
export function expanded(
  bytes: AsyncIterable<Buffer>,
  where: string,
  limits: ExpansionLimits = EXPANSION,
): AsyncGenerator<Buffer, void, undefined> {
  return expand(bytes[Symbol.asyncIterator](), where, limits);
}

async function* expand(
  source: AsyncIterator<Buffer>,
  where: string,
  limits: ExpansionLimits,
): AsyncGenerator<Buffer, void, undefined> {
  let read = 0;
  try {
    const start = await firstBytes(source);
    const compression = compressionOf(start, where);
    const counted = async function* () {
      read += start.length;
      if (start.length > 0) yield start;
      for (let next = await source.next(); next.done !== true; next = await source.next()) {
        read += next.value.length;
        yield next.value;
      }
    };
    if (compression === 'none') {
      yield* counted();
      return;
    }
    let made = 0;
    for await (const chunk of decompressed(counted(), compression, where)) {
      made += chunk.length;
      if (made > Math.min(EXPANDED_BYTES, limits.free + limits.ratio * read)) {
        throw new LupineError('a decompression bomb', {
          where: `${where}: ${read} bytes expand to more than ${made}`,
        });
      }
      yield chunk;
    }
  } finally {
    await source.return?.();
  }
}

/** Joins chunks until the kind can be told. */
async function firstBytes(source: AsyncIterator<Buffer>): Promise<Buffer> {
  let start: Buffer = Buffer.alloc(0);
  while (start.length < MAGIC_BYTES) {
    const next = await source.next();
    if (next.done === true) break;
    start = start.length === 0 ? next.value : Buffer.concat([start, next.value]);
  }
  return start;
}

async function* decompressed(
  source: AsyncIterable<Buffer>,
  compression: 'gzip' | 'zstd',
  where: string,
): AsyncGenerator<Buffer, void, undefined> {
  const input = Readable.from(source, { objectMode: false, highWaterMark: CHUNK_BYTES });
  // The source's own error (a cut network) matters more than the decoder's that follows from it.
  let cause: unknown;
  input.once('error', (error) => (cause ??= error));
  try {
    yield* compression === 'gzip' ? through(input, gunzip()) : unzstd(input);
  } catch (error) {
    if (cause !== undefined) throw cause as Error;
    if (error instanceof LupineError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new LupineError(`damaged ${compression} data: ${reason}`, { where, cause: error });
  } finally {
    input.destroy();
  }
}

const CHUNK_BYTES = 1 << 18;

function gunzip(): Duplex {
  return zlib.createGunzip({ chunkSize: CHUNK_BYTES });
}

async function* through(input: Readable, decoder: Duplex): AsyncGenerator<Buffer, void, undefined> {
  // Errors reach the reader through the loop, so the callback has nothing to say.
  pipeline(input, decoder, () => undefined);
  try {
    yield* decoder as AsyncIterable<Buffer>;
  } finally {
    decoder.destroy();
  }
}

interface NewerZlib {
  readonly createZstdDecompress?: (options: { chunkSize: number }) => Duplex;
}

function unzstd(input: Readable): AsyncGenerator<Buffer, void, undefined> {
  const native = (zlib as NewerZlib).createZstdDecompress;
  return native === undefined
    ? throughZstdProgram(input)
    : through(input, native({ chunkSize: CHUNK_BYTES }));
}

async function* throughZstdProgram(input: Readable): AsyncGenerator<Buffer, void, undefined> {
  const child = spawn('zstd', ['--decompress', '--stdout', '--quiet', '--no-progress'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-500)));
  const ended = new Promise<void>((good, bad) => {
    child.once('error', (error) => bad(isSystemError(error, 'ENOENT') ? noZstdProgram() : error));
    child.once('close', (status) =>
      status === 0 ? good() : bad(new Error(said.trim().split('\n').at(-1) ?? 'zstd was killed')),
    );
  });
  ended.catch(() => undefined);
  pipeline(input, child.stdin, () => undefined);
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    await ended;
  } finally {
    child.kill('SIGKILL');
  }
}

function noZstdProgram(): LupineError {
  return new LupineError('a program is missing', {
    where: 'zstd',
    fix: 'apt-get install zstd, or use Node.js 22.15 or newer',
  });
}
