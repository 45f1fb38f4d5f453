/** One pass over a layer: verified, kept if wanted, expanded, hashed again and indexed, all while it streams. */

import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { LupineError } from '../../support/errors.js';
import { expanded } from '../compression.js';
import { verified } from '../digest.js';
import { EXPLAIN_BYTES } from '../limits.js';
import type { LayerBlob } from '../source.js';
import { LayerIndexer } from '../tree/index.js';
import type { LayerFacts } from './index-cache.js';

/**
 * @param bytes the stored form; not one more than announced is taken.
 * @param to where it is kept as well.
 * @throws LupineError when digest, size, compression or tar are not what they should be.
 */
export async function readLayer(
  bytes: AsyncIterable<Buffer>,
  layer: Pick<LayerBlob, 'size' | 'diffId' | 'where'> & { readonly digest: string },
  to?: FileHandle,
): Promise<LayerFacts> {
  const checked = verified(bytes, layer, layer.where);
  try {
    return await indexed(to === undefined ? unclosed(checked) : keeping(checked, to), layer);
  } catch (error) {
    // Bytes that are not the promised ones explain whatever else is wrong with them.
    for (let left = EXPLAIN_BYTES; left > 0;) {
      const next = await checked.next();
      if (next.done === true) break;
      left -= next.value.length;
    }
    throw error;
  } finally {
    await checked.return();
  }
}

async function indexed(
  stored: AsyncIterable<Buffer>,
  layer: Pick<LayerBlob, 'diffId' | 'where'> & { readonly digest: string },
): Promise<LayerFacts> {
  const tar = expanded(stored, layer.where);
  const hash = createHash('sha256');
  const indexer = new LayerIndexer({ layer: layer.digest });
  for await (const chunk of tar) {
    hash.update(chunk);
    indexer.write(chunk);
  }
  const diffId = `sha256:${hash.digest('hex')}`;
  checkDiffId(diffId, layer);
  return { diffId, index: indexer.end() };
}

/** @throws LupineError when a layer is not the one that the image's configuration speaks of. */
export function checkDiffId(
  actual: string,
  { diffId, where }: Pick<LayerBlob, 'diffId' | 'where'>,
): void {
  if (actual === diffId) return;
  throw new LupineError(`a layer is not the one its configuration names (${diffId})`, {
    where,
    fix: 'the image is broken; build or push it again',
  });
}

async function* keeping(
  bytes: AsyncGenerator<Buffer, void, undefined>,
  to: FileHandle,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of unclosed(bytes)) {
    await to.writeFile(chunk);
    yield chunk;
  }
}

/** The same bytes, but a reader that stops early does not end them. */
function unclosed(bytes: AsyncGenerator<Buffer, void, undefined>): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => ({ next: () => bytes.next() }) };
}
