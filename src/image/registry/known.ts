/**
 * What a name meant when it was last pulled: the documents that lead from the name to the layers. With
 * them and the layer store an image is opened again without its registry. They are checked against
 * their digests like those that come from afar; what is damaged or pruned counts as not there.
 */

import { readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Context } from '../../support/context.js';
import { LupineError, isSystemError } from '../../support/errors.js';
import { cacheDirectory } from '../../support/paths.js';
import { keyOf, temporaryDirectory } from '../../support/store.js';
import type { Platform } from '../config.js';
import { digestOf } from '../digest.js';
import { type RegistryReference, nameOf } from '../reference.js';
import { type ContentReader, type NamedDocument, resolveImage } from '../resolve.js';
import type { Source } from '../source.js';
import { isStored, openLayers, type OpenedLayer } from '../store/index.js';

export interface PulledImage {
  readonly source: Source;
  readonly layers: readonly OpenedLayer[];
}

/** Bytes in base64, so that they stay the bytes that have a digest. */
const KnownDocuments = v.object({
  mediaType: v.string(),
  top: v.string(),
  others: v.array(v.string()),
});

/** Opens an image that was pulled before; undefined when it is not whole on this machine. */
export async function openKnown(
  reference: RegistryReference,
  platform: Platform,
  context: Context,
): Promise<PulledImage | undefined> {
  const where = nameOf(reference);
  const known = await load(fileOf(reference, platform));
  if (known === undefined) return undefined;
  const { top, documents } = known;
  if (reference.digest !== undefined && reference.digest !== top.digest) return undefined;
  try {
    const source = await resolveImage(top, readerOf(documents, where), platform, where);
    const whole = source.layers.every(({ digest }) => digest !== undefined && isStored(digest));
    if (!whole) return undefined;
    const layers = await openLayers(
      source.layers,
      { title: `opening ${where}`, keep: true },
      context,
    );
    return { source, layers };
  } catch (error) {
    context.signal?.throwIfAborted();
    if (error instanceof LupineError) return undefined;
    throw error;
  }
}

/** Hears all documents that a reader gives, to be kept with `saveKnown`. */
export function overhear(reader: ContentReader): ContentReader & { readonly heard: Uint8Array[] } {
  const heard: Uint8Array[] = [];
  const keep = (bytes: Uint8Array) => {
    heard.push(bytes);
    return bytes;
  };
  return {
    heard,
    document: async (descriptor) => keep(await reader.document(descriptor)),
    config: async (descriptor) => keep(await reader.config(descriptor)),
    layer: (descriptor) => reader.layer(descriptor),
  };
}

/** @param others the documents below the top one. */
export async function saveKnown(
  reference: RegistryReference,
  platform: Platform,
  top: NamedDocument,
  others: readonly Uint8Array[],
): Promise<void> {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const known: v.InferOutput<typeof KnownDocuments> = {
    mediaType: top.mediaType,
    top: base64(top.bytes),
    others: others.map(base64),
  };
  const temporary = await temporaryDirectory(directory());
  try {
    const file = join(temporary, 'image');
    await writeFile(file, JSON.stringify(known), { flush: true });
    await rename(file, fileOf(reference, platform));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function directory(): string {
  return join(cacheDirectory(), 'images');
}

function fileOf(reference: RegistryReference, { os, architecture }: Platform): string {
  return join(directory(), keyOf(nameOf(reference), os, architecture));
}

async function load(
  file: string,
): Promise<{ top: NamedDocument; documents: ReadonlyMap<string, Buffer> } | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
    // For whoever prunes by age.
    const now = new Date();
    await utimes(file, now, now);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), KnownDocuments), text);
  if (!parsed.success) return undefined;
  const { mediaType, top, others } = parsed.output;
  const bytes = Buffer.from(top, 'base64');
  const documents = others.map((other) => Buffer.from(other, 'base64'));
  return {
    top: { bytes, digest: digestOf(bytes), mediaType },
    documents: new Map(documents.map((document) => [digestOf(document), document])),
  };
}

function readerOf(documents: ReadonlyMap<string, Buffer>, where: string): ContentReader {
  const find = ({ digest }: { digest: string }) => {
    const found = documents.get(digest);
    if (found === undefined) throw new LupineError('a document is not here', { where: digest });
    return Promise.resolve(found);
  };
  return {
    document: find,
    config: find,
    layer: ({ digest }) => ({
      where: `${where}, layer ${digest}`,
      // Only reached when the layer is pruned at this very moment.
      read: () => {
        throw new LupineError('a layer is not here any more', { where: digest });
      },
    }),
  };
}
