/** A stream as chunks: destroyed when the reader stops early, fails or is told to stop. */

import type { Readable } from 'node:stream';

/** @throws the signal's reason when it is aborted, even while the stream says nothing. */
export async function* chunksOf(
  open: () => Promise<Readable>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  signal?.throwIfAborted();
  const stream = await open();
  const stop = () => stream.destroy(signal?.reason instanceof Error ? signal.reason : undefined);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    signal?.throwIfAborted();
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      yield chunk as Buffer;
    }
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', stop);
    stream.destroy();
  }
}
