/** Where the contents of a tree's files are, and how they are brought out in one pass. */

import type { Readable } from 'node:stream';
import { LupineError } from '../../support/errors.js';
import { chunksOf } from './chunks.js';
import type { FileNode } from './nodes.js';

/** Takes files one after the other, each as `begin`, any number of `data`, `end`; makes bytes of them. */
export interface ContentSink {
  begin(file: FileNode): void;
  data(bytes: Buffer): void;
  end(): void;
  /** Hands over what has been made since the last time. */
  take(): Buffer[];
}

export interface ContentSource {
  /**
   * Puts the contents of these files, given in the order of their positions, into the sink, and
   * yields what the sink makes of each piece, so that the reader sets the pace.
   */
  pour(
    files: readonly FileNode[],
    sink: ContentSink,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Buffer, void, undefined>;
}

/** Files inside an uncompressed tar; their positions are offsets. Read no further than the last one. */
export function layerSource(open: () => Promise<Readable>, digest: string): ContentSource {
  return {
    async *pour(files, sink, signal) {
      const cutter = new Cutter(files, sink);
      if (cutter.take(Buffer.alloc(0))) {
        yield* sink.take();
        return;
      }
      for await (const chunk of chunksOf(open, signal)) {
        const done = cutter.take(chunk);
        yield* sink.take();
        if (done) return;
      }
      throw new LupineError('a layer is shorter than its index says', {
        where: `layer ${digest}`,
        fix: 'remove it from the cache and get the image again',
      });
    },
  };
}

/** Cuts files out of a stream. */
class Cutter {
  #next = 0;
  #offset = 0;

  constructor(
    private readonly files: readonly FileNode[],
    private readonly sink: ContentSink,
  ) {}

  /** True when all files are through. */
  take(chunk: Buffer): boolean {
    const chunkEnd = this.#offset + chunk.length;
    for (;;) {
      const file = this.files[this.#next];
      if (file === undefined) return true;
      const { size } = file.metadata;
      const start = file.position;
      if (size > 0 && start >= chunkEnd) break;
      if (size === 0 || start >= this.#offset) this.sink.begin(file);
      if (size > 0) {
        const from = Math.max(start, this.#offset) - this.#offset;
        this.sink.data(chunk.subarray(from, Math.min(start + size - this.#offset, chunk.length)));
        if (start + size > chunkEnd) break;
      }
      this.sink.end();
      this.#next += 1;
    }
    this.#offset = chunkEnd;
    return false;
  }
}
