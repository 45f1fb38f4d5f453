/** The catalogue: one manifest an application under apps/, found by name, image or program. */

import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LupineError } from '../support/errors.js';
import { nearest } from '../support/nearest.js';
import { packageDirectory } from '../support/paths.js';
import { parseManifest } from './schema.js';
import type { ApplicationManifest } from './types.js';

export type Catalogue = ReadonlyMap<string, ApplicationManifest>;

/** Where an option of a manifest is written, for provenance. */
export function manifestFile(name: string): string {
  return `apps/${name}.yaml`;
}

/** Reads every manifest of a directory; apps/ of this package unless told. */
export async function loadCatalogue(
  directory = join(packageDirectory, 'apps'),
): Promise<Catalogue> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.yaml')).sort();
  const manifests = await Promise.all(files.map((file) => readManifest(directory, file)));
  return new Map(manifests.map((manifest) => [manifest.name, manifest]));
}

/**
 * One manifest of the catalogue, without reading the others.
 * @throws LupineError with the nearest names when there is none.
 */
export async function loadManifest(
  name: string,
  directory = join(packageDirectory, 'apps'),
): Promise<ApplicationManifest> {
  const file = `${name}.yaml`;
  const files = await readdir(directory);
  if (files.includes(file)) return readManifest(directory, file);
  return applicationNamed(await loadCatalogue(directory), name);
}

async function readManifest(directory: string, file: string): Promise<ApplicationManifest> {
  const path = join(directory, file);
  const manifest = parseManifest(await readFile(path, 'utf8'), path);
  if (`${manifest.name}.yaml` !== file) {
    throw new LupineError('a manifest is not named like its file', { where: path });
  }
  return manifest;
}

/** @throws LupineError with the nearest names when the catalogue lacks it. */
export function applicationNamed(catalogue: Catalogue, name: string): ApplicationManifest {
  const manifest = catalogue.get(name);
  if (manifest !== undefined) return manifest;
  const near = nearest(name, [...catalogue.keys()]);
  throw new LupineError('no such application in the catalogue', {
    where: name,
    fix:
      near.length > 0 ? `did you mean ${near.join(' or ')}?` : '`lupine apps` lists what there is',
  });
}

/** What is known of an image: its repository without tag, and the program it starts. */
export interface Identity {
  /** `docker.io/library/redis`; absent where it came from no registry. */
  readonly repository?: string;
  /** Last part of its name: `redis`. */
  readonly name: string;
  /** Base name of the program that is started: `redis-server`. */
  readonly program?: string;
}

/**
 * The manifest of an application, if the catalogue knows it. A repository names it surest; then the
 * program that runs; a bare name counts only as the last part of a known repository.
 */
export function applicationFor(
  catalogue: Catalogue,
  identity: Identity,
): ApplicationManifest | undefined {
  const all = [...catalogue.values()];
  const { repository, program, name } = identity;
  return (
    all.find((app) => repository !== undefined && app.match.images.includes(repository)) ??
    all.find((app) => program !== undefined && app.match.programs.includes(program)) ??
    all.find((app) => app.match.images.some((image) => image.split('/').at(-1) === name))
  );
}
