/**
 * What is known of a layer blob after it was read once: the digest of its tar, and its index. Kept by
 * the blob's digest, not by what an image's configuration claims: a foreign configuration cannot
 * lend one layer's index to another's bytes. Lost or damaged, it is made again.
 */

import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LupineError, isSystemError } from '../../support/errors.js';
import { cacheDirectory } from '../../support/paths.js';
import { temporaryDirectory } from '../../support/store.js';
import { type LayerIndex, decodeIndex, encodeIndex } from '../tree/index.js';

export interface LayerFacts {
  /** Of the uncompressed tar, as it was found to be. */
  readonly diffId: string;
  readonly index: LayerIndex;
}

function directory(): string {
  return join(cacheDirectory(), 'layers');
}

function fileOf(digest: string): string {
  return join(directory(), `${digest.replace('sha256:', '')}.index`);
}

/** @param digest of the blob as stored. */
export async function loadFacts(digest: string): Promise<LayerFacts | undefined> {
  try {
    const bytes = await readFile(fileOf(digest));
    const newline = bytes.indexOf('\n');
    const diffId = bytes.toString('latin1', 0, Math.max(0, newline));
    if (!/^sha256:[0-9a-f]{64}$/.test(diffId)) return undefined;
    return { diffId, index: decodeIndex(bytes.subarray(newline + 1)) };
  } catch (error) {
    if (error instanceof LupineError || isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

export async function saveFacts(digest: string, { diffId, index }: LayerFacts): Promise<void> {
  const temporary = await temporaryDirectory(directory());
  try {
    const file = join(temporary, 'index');
    await writeFile(file, [`${diffId}\n`, ...encodeIndex(index)], { flush: true });
    await rename(file, fileOf(digest));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
