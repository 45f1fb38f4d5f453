/**
 * Images made by other people's tools from a recipe: umoci puts the layers together, skopeo copies
 * the result into archives and registries. The same recipe gives the same image, kept in the cache.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedDirectory } from './cache.js';
import { packagesTar } from './debian.js';
import { exec } from './exec.js';
import { writeLayer, type LayerEntry } from './layer.js';

export interface Recipe {
  readonly name: string;
  /** Debian packages of the lowest layer. */
  readonly packages?: readonly string[];
  /** One layer each, from below. */
  readonly layers: readonly (readonly LayerEntry[])[];
  /** Absolute paths that the uppermost layer takes away. */
  readonly removed?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
  readonly ports?: readonly string[];
  readonly architecture?: string;
}

export interface OciImage {
  readonly name: string;
  /** An OCI layout with the one tag `1`. */
  readonly layout: string;
  /** `oci:LAYOUT:1` */
  readonly reference: string;
}

const TAG = '1';
const CREATED = '2020-01-01T00:00:00Z';

/** Makes an image, or takes it from the cache. */
export async function makeImage(recipe: Recipe): Promise<OciImage> {
  const { packages = [], layers } = recipe;
  const base = packages.length === 0 ? undefined : await packagesTar(packages);
  const directory = await cachedDirectory(['image', '1', base ?? '', keyText(recipe)], (entry) =>
    assemble(recipe, base, layers, entry),
  );
  const layout = join(directory, 'layout');
  return { name: recipe.name, layout, reference: `oci:${layout}:${TAG}` };
}

function keyText(recipe: Recipe): string {
  return JSON.stringify(recipe, (_key, value: unknown) =>
    Buffer.isBuffer(value) ? value.toString('base64') : value,
  );
}

async function assemble(
  recipe: Recipe,
  base: string | undefined,
  layers: Recipe['layers'],
  entry: string,
): Promise<void> {
  const layout = join(entry, 'layout');
  const image = ['--image', `${layout}:${TAG}`];
  const history = ['--history.created', CREATED];
  const umoci = (...args: string[]) => exec('umoci', args);
  await umoci('init', '--layout', layout);
  await umoci('new', ...image);
  if (base !== undefined) await umoci('raw', 'add-layer', ...image, ...history, base);
  await mkdir(join(entry, 'layers'));
  for (const [index, entries] of layers.entries()) {
    const tar = join(entry, 'layers', `${index}.tar`);
    await writeLayer(tar, entries);
    await umoci('raw', 'add-layer', ...image, ...history, tar);
  }
  for (const path of recipe.removed ?? []) {
    await umoci('insert', '--rootless', ...image, ...history, '--whiteout', path);
  }
  await umoci('config', ...image, ...history, '--created', CREATED, ...configFlags(recipe));
  await umoci('gc', '--layout', layout);
}

function configFlags(recipe: Recipe): string[] {
  const flag = (name: string, values: readonly string[] = []) =>
    values.flatMap((value) => [`--${name}`, value]);
  return [
    ...flag('config.entrypoint', recipe.entrypoint),
    ...flag('config.cmd', recipe.cmd),
    ...flag('config.env', recipe.env),
    ...flag('config.exposedports', recipe.ports),
    ...flag('config.user', recipe.user === undefined ? [] : [recipe.user]),
    ...flag('config.workingdir', recipe.workdir === undefined ? [] : [recipe.workdir]),
    ...flag('architecture', recipe.architecture === undefined ? [] : [recipe.architecture]),
  ];
}

/** Copies an image by skopeo: `docker://127.0.0.1:5000/team/app:1`, `oci-archive:FILE:1`. */
export async function copyImage(image: OciImage, to: string): Promise<void> {
  const tls = to.startsWith('docker:') ? ['--dest-tls-verify=false'] : [];
  await exec('skopeo', ['--insecure-policy', 'copy', '--quiet', ...tls, image.reference, to]);
}

/** The files of an image as a directory. */
export async function unpackImage(image: OciImage, directory: string): Promise<void> {
  await exec('umoci', [
    'raw',
    'unpack',
    '--rootless',
    '--image',
    `${image.layout}:${TAG}`,
    directory,
  ]);
}
