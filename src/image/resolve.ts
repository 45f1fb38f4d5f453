/**
 * From a name's document to an image: through indexes to the manifest for a platform, and to its
 * configuration; each checked against the digest and size that named it.
 */

import { LupineError } from '../support/errors.js';
import { type ParsedConfig, type Platform, parseConfig } from './config.js';
import { checkDigest } from './digest.js';
import { INDEX_DEPTH, MANIFEST_BYTES } from './limits.js';
import { type Descriptor, type Manifest, choosePlatform, parseDocument } from './manifest.js';
import type { LayerBlob, Source } from './source.js';

export interface NamedDocument {
  readonly bytes: Uint8Array;
  readonly digest: string;
  /** As whoever gave it says; may be empty. */
  readonly mediaType: string;
}

export interface ContentReader {
  /** A manifest or index, at most `MANIFEST_BYTES` long. */
  document(descriptor: Descriptor): Promise<Uint8Array>;
  /** A configuration, likewise. */
  config(descriptor: Descriptor): Promise<Uint8Array>;
  layer(descriptor: Descriptor): Pick<LayerBlob, 'read' | 'where'>;
}

/** @throws LupineError when anything on the way is malformed, not as promised, or for other machines. */
export async function resolveImage(
  top: NamedDocument,
  reader: ContentReader,
  platform: Platform,
  where: string,
): Promise<Source> {
  const { manifest, digest } = await findManifest(top, reader, platform, where);
  const bytes = await reader.config(manifest.config);
  checkContent(bytes, manifest.config, `${where}, configuration`);
  const config = parseConfig(bytes, where, platform);
  return { digest, config, layers: pairLayers(manifest, config, reader, where) };
}

async function findManifest(
  top: NamedDocument,
  reader: ContentReader,
  platform: Platform,
  where: string,
): Promise<{ manifest: Manifest; digest: string }> {
  let at = top;
  for (let depth = 0; depth <= INDEX_DEPTH; depth++) {
    const document = parseDocument(at.bytes, at.mediaType, where);
    if (document.kind === 'manifest') return { manifest: document.manifest, digest: at.digest };
    at = await readEntry(choosePlatform(document.index, platform, where), reader, where);
  }
  throw new LupineError('image indexes inside each other without end', { where });
}

/** The document that an index entry names. */
export async function readEntry(
  entry: Descriptor,
  reader: ContentReader,
  where: string,
): Promise<NamedDocument> {
  if (entry.size > MANIFEST_BYTES) {
    throw new LupineError('a manifest larger than 4 MiB', { where });
  }
  const bytes = await reader.document(entry);
  checkContent(bytes, entry, `${where}, manifest`);
  return { bytes, digest: entry.digest, mediaType: entry.mediaType };
}

function checkContent(bytes: Uint8Array, { digest, size }: Descriptor, where: string): void {
  if (bytes.length !== size) {
    throw new LupineError(`wrong size: ${size} bytes were promised, ${bytes.length} came`, {
      where,
    });
  }
  checkDigest(bytes, digest, where);
}

function pairLayers(
  manifest: Manifest,
  { diffIds }: ParsedConfig,
  reader: ContentReader,
  where: string,
): LayerBlob[] {
  if (diffIds.length !== manifest.layers.length) throw layerCountError(where);
  return manifest.layers.map((layer, i) => ({
    ...layer,
    ...reader.layer(layer),
    diffId: diffIds[i] ?? '',
  }));
}

export function layerCountError(where: string): LupineError {
  return new LupineError('the manifest and the configuration disagree about the layers', { where });
}
