/** Small images for tests, made in memory: blobs by digest, and the manifest that names them. */

import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

export interface Blob {
  readonly bytes: Buffer;
  readonly digest: string;
  readonly mediaType: string;
}

export interface TestImage {
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly diffIds: readonly string[];
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function blob(content: Buffer | object, mediaType: string): Blob {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  return { bytes, digest: sha256(bytes), mediaType };
}

export function descriptor({ bytes, digest, mediaType }: Blob): object {
  return { mediaType, digest, size: bytes.length };
}

/** A tar of plain files. */
export async function tar(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const out = pack();
  for (const [name, content] of Object.entries(files)) {
    out.entry({ name, mtime: new Date(0) }, Buffer.from(content as string));
  }
  out.finalize();
  return buffer(out);
}

export interface ImageOptions {
  readonly config?: object;
  readonly architecture?: string;
  readonly compress?: (tar: Buffer) => Buffer;
  readonly layerType?: string;
  /** Replaces what the configuration says of the layers. */
  readonly diffIds?: readonly string[];
}

/** An image of layers of plain files. */
export async function image(
  layers: readonly Readonly<Record<string, string | Buffer>>[],
  options: ImageOptions = {},
): Promise<TestImage> {
  const tars = await Promise.all(layers.map((files) => tar(files)));
  const diffIds = options.diffIds ?? tars.map((bytes) => sha256(bytes));
  const blobs = tars.map((bytes) =>
    blob((options.compress ?? gzipSync)(bytes), options.layerType ?? OCI_LAYER),
  );
  const config = blob(
    {
      architecture: options.architecture ?? 'amd64',
      os: 'linux',
      config: options.config ?? { Cmd: ['/app'], Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: diffIds },
    },
    OCI_CONFIG,
  );
  const manifest = blob(
    {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: descriptor(config),
      layers: blobs.map(descriptor),
    },
    OCI_MANIFEST,
  );
  return { manifest, config, layers: blobs, diffIds };
}

/** Writes images as an OCI layout; each under a name, or one without. */
export async function writeLayout(
  path: string,
  images: readonly { readonly image: TestImage; readonly name?: string }[],
): Promise<void> {
  await mkdir(join(path, 'blobs', 'sha256'), { recursive: true });
  for (const { image: it } of images) {
    for (const b of [it.manifest, it.config, ...it.layers]) {
      await writeFile(join(path, 'blobs', 'sha256', b.digest.slice(7)), b.bytes);
    }
  }
  await writeFile(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const manifests = images.map(({ image: it, name }) => ({
    ...descriptor(it.manifest),
    ...(name === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': name } }),
  }));
  await writeFile(join(path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}
