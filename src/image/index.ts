/**
 * Where applications come from. `openImage` takes whatever a user may write and gives an `Image`:
 * the files as one tree, and how the application is started. Nothing of an image is executed or
 * unpacked on this machine. All bounds are in limits.ts (and tree/limits.ts for what layers hold).
 */

import { createHash } from 'node:crypto';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { openArchive } from './archive.js';
import { EMPTY_CONFIG, LINUX_AMD64, type Platform } from './config.js';
import { openDockerArchive } from './docker-archive.js';
import { layoutDirectory, openLayout } from './layout.js';
import {
  nameOf,
  type PathReference,
  type Reference,
  type RegistryReference,
  parseReference,
  shortName,
  shortNameOf,
} from './reference.js';
import type { ClientOptions } from './registry/index.js';
import { openKnown, type PulledImage } from './registry/known.js';
import type { Source } from './source.js';
import { diskError } from './store/disk-error.js';
import { type OpenedLayer, openLayers } from './store/index.js';
import { pathError, refuseSkopeoDirectory, withProgram } from './suggest.js';
import { directoryTree, mergeLayers } from './tree/index.js';
import type { Image, PullPolicy } from './types.js';

export { LINUX_AMD64, type Platform } from './config.js';
export { type Reference, nameOf, parseReference, shortName } from './reference.js';
export type * from './types.js';

export interface OpenOptions {
  /** What the image must be made for: linux/amd64 unless told. */
  readonly platform?: Platform;
  /** Of a program of this machine: further files and directories it needs. */
  readonly include?: readonly string[];
  /** Of a registry's image: `missing` unless told. */
  readonly pull?: PullPolicy;
  /** For tests. */
  readonly client?: ClientOptions;
}

/**
 * Opens what a user wrote. Layers of a registry end up in the layer store, everything else is read
 * where it is.
 * @throws LupineError for all that can be wrong with it; nothing half done is left behind.
 */
export async function openImage(
  reference: string,
  options: OpenOptions,
  context: Context,
): Promise<Image> {
  context.signal?.throwIfAborted();
  return openParsed(parseReference(reference), reference, options, context).catch(
    (error: unknown) => {
      throw diskError(error);
    },
  );
}

async function openParsed(
  parsed: Reference,
  reference: string,
  options: OpenOptions,
  context: Context,
): Promise<Image> {
  switch (parsed.kind) {
    case 'registry':
      return openFromRegistry(parsed, reference, options, context).catch((error: unknown) => {
        throw withProgram(error, reference);
      });
    case 'directory':
      return openDirectory(parsed, reference, context);
    case 'executable': {
      const wrong = pathError(parsed.path);
      if (wrong !== undefined) throw wrong;
      const { openExecutable } = await import('./executable/index.js');
      return openExecutable(parsed.path, { include: options.include ?? [] }, context);
    }
    default:
      return openLocal(parsed, reference, options, context);
  }
}

async function openFromRegistry(
  parsed: RegistryReference,
  reference: string,
  options: OpenOptions,
  context: Context,
): Promise<Image> {
  const { source, layers } = await fromRegistry(parsed, options, context);
  return imageOf(source, layers, { reference, kind: parsed.kind, name: shortName(parsed) });
}

async function fromRegistry(
  parsed: RegistryReference,
  options: OpenOptions,
  context: Context,
): Promise<PulledImage> {
  const platform = options.platform ?? LINUX_AMD64;
  const policy = options.pull ?? 'missing';
  const known = policy === 'always' ? undefined : await openKnown(parsed, platform, context);
  if (known !== undefined) return known;
  if (policy === 'never') {
    throw new LupineError('the image is not on this machine', {
      where: nameOf(parsed),
      fix: 'leave out --pull never to pull it',
    });
  }
  // Loaded late: what is here already needs no HTTP client.
  const { pull } = await import('./registry/index.js');
  return pull(parsed, platform, context, options.client);
}

async function openLocal(
  parsed: PathReference,
  reference: string,
  options: OpenOptions,
  context: Context,
): Promise<Image> {
  const platform = options.platform ?? LINUX_AMD64;
  const { source, name } = await openSource(parsed, platform, context);
  const title = `reading ${parsed.path}`;
  const layers = await openLayers(source.layers, { title, keep: false }, context);
  return imageOf(source, layers, { reference, kind: parsed.kind, name });
}

async function openSource(
  parsed: PathReference,
  platform: Platform,
  context: Context,
): Promise<{ source: Source; name: string }> {
  const { path, select } = parsed;
  const name = shortName(parsed);
  if (parsed.kind === 'oci') {
    return { source: await openLayout(layoutDirectory(path), select, platform, path), name };
  }
  const archive = await openArchive(path, context);
  if (parsed.kind === 'oci-archive') {
    return { source: await openLayout(archive, select, platform, path), name };
  }
  const source = await openDockerArchive(archive, select, platform, path);
  // A saved image knows its name better than its file does.
  const [saved] = source.names;
  return { source, name: saved === undefined ? name : shortNameOf(select ?? saved) };
}

function imageOf(
  source: Source,
  layers: readonly OpenedLayer[],
  origin: { reference: string; kind: Reference['kind']; name: string },
): Image {
  const { config, architecture, diffIds } = source.config;
  const parts = layers.map(({ info, index, open }) => ({ digest: info.digest, index, open }));
  return {
    ...origin,
    digest: source.digest,
    architecture,
    config,
    layers: layers.map(({ info }) => info),
    tree: mergeLayers(parts, treeDigest(diffIds)),
  };
}

/** The same uncompressed layers make the same tree, however they were packed and wherever they were. */
function treeDigest(diffIds: readonly string[]): string {
  const hash = createHash('sha256').update('lupine tree 1\n');
  for (const diffId of diffIds) hash.update(`${diffId}\n`);
  return `sha256:${hash.digest('hex')}`;
}

async function openDirectory(
  parsed: PathReference,
  reference: string,
  context: Context,
): Promise<Image> {
  await refuseSkopeoDirectory(parsed.path);
  const tree = await directoryTree(parsed.path, context.signal);
  return {
    reference,
    kind: 'directory',
    name: shortName(parsed),
    digest: tree.digest,
    architecture: LINUX_AMD64.architecture,
    config: EMPTY_CONFIG,
    layers: [],
    tree,
  };
}
