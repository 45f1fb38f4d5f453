/**
 * Layers, ready to be merged and read. Those of a registry are kept in a content-addressed store
 * (`blobs/sha256/HEX/blob` in the cache) that all processes share: a blob appears whole and verified
 * or not at all. Those of local sources are read where they are, and verified on every opening.
 */

import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Context } from '../../support/context.js';
import { cacheDirectory } from '../../support/paths.js';
import type { Task } from '../../support/progress.js';
import { cached } from '../../support/store.js';
import { expanded } from '../compression.js';
import { wrongDigest } from '../digest.js';
import { PARALLEL_LAYERS } from '../limits.js';
import type { LayerBlob } from '../source.js';
import type { LayerIndex } from '../tree/index.js';
import type { LayerInfo } from '../types.js';
import { type LayerFacts, loadFacts, saveFacts } from './index-cache.js';
import { inParallel } from './parallel.js';
import { checkDiffId, readLayer } from './read-layer.js';

export interface OpenedLayer {
  readonly info: LayerInfo;
  readonly index: LayerIndex;
  /** The uncompressed tar. */
  readonly open: () => Promise<Readable>;
}

export interface OpenLayersOptions {
  /** What the progress bar says, e.g. `pulling nginx`. */
  readonly title: string;
  /** Whether blobs come from afar and are kept. */
  readonly keep: boolean;
  /** Called at the first failure, to stop the downloads that still run. */
  readonly stop?: (error: unknown) => void;
}

/**
 * Opens all layers of an image, a few at a time; what is known already is not read again.
 * @throws LupineError on the first layer that is not what it should be.
 */
export async function openLayers(
  blobs: readonly LayerBlob[],
  options: OpenLayersOptions,
  context: Context,
): Promise<OpenedLayer[]> {
  const bar = new Bar(blobs, options.title, context);
  // An image may hold one blob several times.
  const shared = new Map<string, Promise<Known>>();
  const know = async (blob: LayerBlob): Promise<OpenedLayer> => {
    const key = blob.digest ?? blob.where;
    const known =
      shared.get(key) ?? (options.keep ? keep(blob, bar, context) : inPlace(blob, bar, context));
    shared.set(key, known);
    const { digest, facts, read } = await known;
    checkDiffId(facts.diffId, blob);
    const tar = () => Readable.from(expanded(read(), blob.where), { objectMode: false });
    return {
      info: { digest, diffId: blob.diffId, mediaType: blob.mediaType, size: blob.size },
      index: facts.index,
      open: () => Promise.resolve(tar()),
    };
  };
  try {
    const opened = await inParallel(blobs, PARALLEL_LAYERS, know, (error) => options.stop?.(error));
    bar.end(true);
    return opened;
  } catch (error) {
    bar.end(false);
    throw error;
  }
}

interface Known {
  readonly digest: string;
  readonly facts: LayerFacts;
  readonly read: () => AsyncIterable<Buffer>;
}

function blobs(): string {
  return join(cacheDirectory(), 'blobs', 'sha256');
}

/** Whether a layer of a registry is here. @param digest of the blob as stored. */
export function isStored(digest: string): boolean {
  return existsSync(join(blobs(), digest.replace('sha256:', '')));
}

async function keep(blob: LayerBlob, bar: Bar, context: Context): Promise<Known> {
  const { digest } = blob;
  if (digest === undefined) throw new TypeError('a blob to be kept has no digest');
  let facts: LayerFacts | undefined;
  const entry = await cached(
    blobs(),
    digest.replace('sha256:', ''),
    async (directory) => {
      const file = await open(join(directory, 'blob'), 'wx', 0o644);
      try {
        facts = await readLayer(bar.counting(blob.read()), { ...blob, digest }, file);
      } finally {
        await file.close();
      }
    },
    context,
  );
  const read = () => fileBytes(join(entry, 'blob'));
  if (facts !== undefined) await saveFacts(digest, facts);
  else bar.add(blob.size);
  facts ??= await loadOrRead(digest, blob, read());
  return { digest, facts, read };
}

async function inPlace(blob: LayerBlob, bar: Bar, context: Context): Promise<Known> {
  const read = () => stoppable(blob.read(), context.signal);
  const known = blob.digest === undefined ? undefined : await loadFacts(blob.digest);
  if (blob.digest !== undefined && known === undefined) {
    const facts = await loadOrRead(blob.digest, blob, bar.counting(read()));
    return { digest: blob.digest, facts, read };
  }
  const digest = await hashOf(bar.counting(read()));
  if (blob.digest !== undefined && blob.digest !== digest) {
    throw wrongDigest(blob.digest, digest, blob.where);
  }
  return { digest, facts: known ?? (await loadOrRead(digest, blob, read())), read };
}

async function loadOrRead(
  digest: string,
  blob: LayerBlob,
  bytes: AsyncIterable<Buffer>,
): Promise<LayerFacts> {
  const known = await loadFacts(digest);
  if (known !== undefined) return known;
  const facts = await readLayer(bytes, { ...blob, digest });
  await saveFacts(digest, facts);
  return facts;
}

async function hashOf(bytes: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

function fileBytes(path: string): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>;
}

async function* stoppable(
  bytes: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of bytes) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

/** One progress bar over all layers, by bytes; it appears when there is something to do. */
class Bar {
  readonly #total: number;
  #done = 0;
  #task: Task | undefined;

  constructor(
    blobs: readonly LayerBlob[],
    readonly title: string,
    readonly context: Context,
  ) {
    this.#total = blobs.reduce((sum, { size }) => sum + size, 0);
  }

  async *counting(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    this.#task ??= this.context.progress.task(this.title);
    for await (const chunk of bytes) {
      this.add(chunk.length);
      yield chunk;
    }
  }

  add(bytes: number): void {
    this.#done += bytes;
    this.#task?.update({ done: this.#done, total: this.#total, unit: 'bytes' });
  }

  end(well: boolean): void {
    if (well) this.#task?.succeed();
    else this.#task?.fail();
  }
}
