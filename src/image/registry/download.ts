/** One blob, however often the connection is cut: what is missing is asked for again by range. */

import type { Readable } from 'node:stream';
import { LupineError } from '../../support/errors.js';
import { ATTEMPTS, PROGRESS_BYTES, RESUMES } from '../limits.js';
import { Transient, networkError } from './errors.js';

export interface Part {
  /** Offset of the body's first byte: 0 when the server ignores ranges. */
  readonly start: number;
  readonly body: Readable;
}

export interface DownloadOptions {
  readonly size: number;
  readonly host: string;
  readonly where: string;
  /** Asks for the bytes from an offset on. */
  readonly open: (from: number) => Promise<Part>;
  readonly pause: (attempt: number, atLeastMs?: number) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes in order. Not verified: whoever reads them hashes them. It may give more than `size`
 * when the server does.
 * @throws LupineError when no progress is made in several attempts.
 */
export async function* download(options: DownloadOptions): AsyncGenerator<Buffer, void, undefined> {
  const { size, where, signal } = options;
  let at = 0;
  let fruitless = 0;
  for (let cuts = 0; at < size; cuts++) {
    const before = at;
    try {
      const { start, body } = await options.open(at);
      for await (const chunk of after(body, at - start)) {
        at += chunk.length;
        yield chunk;
      }
      if (at >= size) return;
      throw new Transient(new LupineError(`truncated: ${at} of ${size} bytes came`, { where }));
    } catch (error) {
      signal?.throwIfAborted();
      const known = networkError(error, options.host);
      if (!(known instanceof Transient)) throw known;
      fruitless = at - before >= PROGRESS_BYTES ? 0 : fruitless + 1;
      if (fruitless >= ATTEMPTS || cuts >= RESUMES) throw known.error;
      await options.pause(Math.max(1, fruitless), known.afterMs);
    }
  }
}

/** A stream without its first bytes. */
async function* after(body: Readable, skip: number): AsyncGenerator<Buffer, void, undefined> {
  let left = skip;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (left < chunk.length) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
