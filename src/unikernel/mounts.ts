/** `-v`: what is named, as images that a VM can mount. */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import type { Mount } from './types.js';
import { volumeImage } from './volumes.js';

/** `NAME:/path[:ro]`, or `/host/dir:/path:ro`. */
export interface MountRequest {
  readonly source: { readonly volume: string } | { readonly directory: string };
  /** In the guest: absolute. */
  readonly path: string;
  readonly readOnly: boolean;
}

/** Disks are vda to vdz, and the root has one. */
const MOST = 25;

/** Reads a `-v`. @throws LupineError for a text of another form. */
export function parseMount(text: string): MountRequest {
  const match = /^([^:]+):(\/[^:\n\0]*)(?::(ro|rw))?$/.exec(text);
  const [, source = '', path = '', mode] = match ?? [];
  const parts = path.split('/').filter((part) => part !== '');
  if (match === null || parts.length === 0 || parts.includes('..')) {
    throw new LupineError('not a volume', { where: text, fix: 'use NAME:/PATH or /DIR:/PATH:ro' });
  }
  const readOnly = mode === 'ro';
  const clean = `/${parts.join('/')}`;
  if (!/^[./]/.test(source)) return { source: { volume: source }, path: clean, readOnly };
  if (!readOnly) {
    throw new LupineError('a directory of this machine can only be read in a VM', {
      where: text,
      fix: `add :ro, or use a volume: NAME:${clean}`,
    });
  }
  return { source: { directory: resolve(source) }, path: clean, readOnly };
}

/**
 * Makes what is not there: a new volume is empty; a directory becomes a disk with what is in it now.
 * @throws LupineError.
 */
export async function prepareMounts(
  requests: readonly MountRequest[],
  context: Context,
): Promise<Mount[]> {
  if (requests.length > MOST) {
    throw new LupineError('too many volumes', { where: `${requests.length} of at most ${MOST}` });
  }
  const twice = requests.find(({ path }, index) =>
    requests.slice(0, index).some((other) => other.path === path),
  );
  if (twice !== undefined) {
    throw new LupineError('two volumes for one place', { where: twice.path });
  }
  const mounts: Mount[] = [];
  for (const { source, path, readOnly } of requests) {
    const image =
      'volume' in source
        ? await volumeImage(source.volume, context)
        : await directoryImage(source.directory, context);
    mounts.push({ image, path, readOnly });
  }
  return mounts;
}

async function directoryImage(directory: string, context: Context): Promise<string> {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new LupineError('no such directory', { where: directory });
  }
  const [{ openImage }, { cachedRootfs }] = await Promise.all([
    import('../image/index.js'),
    import('../rootfs/index.js'),
  ]);
  const { tree } = await openImage(`dir:${directory}`, {}, context);
  return (await cachedRootfs(tree, { format: 'ext2', freeBytes: 0 }, context)).path;
}
