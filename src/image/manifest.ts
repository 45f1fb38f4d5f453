/**
 * Image manifests and indexes (OCI image specification; docker's schema 2 and manifest lists are
 * the same in what we read). From an index the entry for one platform is chosen.
 */

import * as v from 'valibot';
import { LupineError } from '../support/errors.js';
import type { Platform } from './config.js';
import { Digest } from './digest.js';
import { parseJson } from './json.js';
import { BLOB_BYTES, LAYERS, MANIFEST_BYTES } from './limits.js';

const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

/** What a client tells a registry it understands. */
export const ACCEPTED: string = [...MANIFEST_TYPES, ...INDEX_TYPES].join(', ');

const CONFIG_TYPES = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

const LAYER =
  /^application\/vnd\.(?:oci\.image\.layer\.v1\.tar|docker\.image\.rootfs\.diff\.tar)(?:[.+](?:gzip|zstd))?$/;
const FOREIGN = /nondistributable|\.foreign\./;

const Size = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(0),
  v.maxValue(BLOB_BYTES, 'too large'),
);
const MediaType = v.pipe(v.string(), v.maxLength(255));
const Annotations = v.nullish(v.record(v.string(), v.string()), {});

const Descriptor = v.object({ mediaType: MediaType, digest: Digest, size: Size });

/** What a document names another by. */
export type Descriptor = v.InferOutput<typeof Descriptor>;

const Manifest = v.object({
  schemaVersion: v.literal(2),
  mediaType: v.nullish(MediaType, ''),
  config: Descriptor,
  layers: v.pipe(v.array(Descriptor), v.maxLength(LAYERS, 'too many layers')),
});

const IndexEntry = v.object({
  ...Descriptor.entries,
  platform: v.nullish(
    v.object({ os: v.string(), architecture: v.string(), variant: v.nullish(v.string(), '') }),
  ),
  annotations: Annotations,
});

const Index = v.object({
  schemaVersion: v.literal(2),
  mediaType: v.nullish(MediaType, ''),
  manifests: v.array(IndexEntry),
});

export type Manifest = v.InferOutput<typeof Manifest>;
export type IndexEntry = v.InferOutput<typeof IndexEntry>;
export type Index = v.InferOutput<typeof Index>;

const Kind = v.looseObject({
  schemaVersion: v.number(),
  mediaType: v.nullish(v.string(), ''),
});

/** A document that a tag or a digest may name. */
export type Document =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly index: Index };

/**
 * @param mediaType as the registry or the parent document says; empty when neither does.
 * @throws LupineError when it is malformed, or of a kind that holds no application.
 */
export function parseDocument(bytes: Uint8Array, mediaType: string, where: string): Document {
  const head = parseJson(bytes, Kind, 'image manifest', where);
  if (head.schemaVersion === 1) {
    throw new LupineError('the image has the old docker manifest (schema 1)', {
      where,
      fix: 'push it again with a current docker, podman or skopeo',
    });
  }
  // The document's own word first: a registry's header is outside the digest.
  const type = head.mediaType === '' ? mediaType : head.mediaType;
  const isIndex =
    INDEX_TYPES.includes(type) || (!MANIFEST_TYPES.includes(type) && 'manifests' in head);
  // A document that is both would mean different things to different readers.
  if (isIndex ? 'layers' in head || 'config' in head : 'manifests' in head) {
    throw new LupineError('bad image manifest: it is a manifest and an index at once', { where });
  }
  if (isIndex) return { kind: 'index', index: parseIndex(bytes, where) };
  const manifest = parseJson(bytes, Manifest, 'image manifest', where);
  checkManifest(manifest, where);
  return { kind: 'manifest', manifest };
}

export function parseIndex(bytes: Uint8Array, where: string): Index {
  return parseJson(bytes, Index, 'image index', where);
}

function checkManifest(manifest: Manifest, where: string): void {
  if (!CONFIG_TYPES.includes(manifest.config.mediaType)) {
    throw new LupineError(`not a container image but ${manifest.config.mediaType}`, { where });
  }
  if (manifest.config.size > MANIFEST_BYTES) {
    throw new LupineError('the image configuration is larger than 4 MiB', { where });
  }
  for (const { mediaType, digest } of manifest.layers) {
    if (FOREIGN.test(mediaType)) {
      throw new LupineError('the image has a foreign layer, which its registry does not hold', {
        where: `${where}, layer ${digest}`,
        fix: 'use an image whose layers may all be distributed',
      });
    }
    if (!LAYER.test(mediaType)) {
      throw new LupineError(`a layer of an unknown kind: ${mediaType}`, {
        where: `${where}, layer ${digest}`,
      });
    }
  }
}

/** True for an index entry that is itself an index. */
export function isIndexType(mediaType: string): boolean {
  return INDEX_TYPES.includes(mediaType);
}

/**
 * The entry for a platform; entries without any (as umoci writes them) count when they are alone.
 * @throws LupineError that lists the platforms there are.
 */
export function choosePlatform(index: Index, platform: Platform, where: string): IndexEntry {
  const images = index.manifests.filter(
    (entry) => MANIFEST_TYPES.includes(entry.mediaType) || isIndexType(entry.mediaType),
  );
  // amd64/v2 and newer need more than every x86-64 processor has: the plain one is preferred.
  const matching = images
    .filter(({ platform: p }) => p?.os === platform.os && p.architecture === platform.architecture)
    .sort((a, b) => compare(a.platform?.variant ?? '', b.platform?.variant ?? ''));
  const [best] = matching;
  if (best !== undefined) return best;
  const unnamed = images.filter((entry) => entry.platform == null);
  const [only] = unnamed;
  if (only !== undefined && unnamed.length === 1) return only;
  const there = images
    .flatMap(({ platform: p }) =>
      p == null ? [] : [`${p.os}/${p.architecture}${dash(p.variant)}`],
    )
    .filter((name) => name !== 'unknown/unknown');
  throw new LupineError(`the image has nothing for ${platform.os}/${platform.architecture}`, {
    where,
    fix:
      there.length === 0
        ? 'it names no platform at all'
        : `it has ${[...new Set(there)].slice(0, 20).join(', ')}`,
  });
}

function dash(variant: string): string {
  return variant === '' ? '' : `/${variant}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
