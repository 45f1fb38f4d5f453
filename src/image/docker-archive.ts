/**
 * What `docker save`, `podman save` and `skopeo copy … docker-archive:` write: a tar with
 * manifest.json, which names a configuration and layers inside the same tar
 * (docker image specification v1.2, "Combined Image JSON + Filesystem Changeset Format").
 */

import * as v from 'valibot';
import { LupineError } from '../support/errors.js';
import type { Archive } from './archive.js';
import { type Platform, parseConfig } from './config.js';
import { checkDigest, digestOf } from './digest.js';
import { parseJson } from './json.js';
import { BLOB_BYTES, LAYERS, MANIFEST_BYTES } from './limits.js';
import { nameOf, parseName } from './reference.js';
import { layerCountError } from './resolve.js';
import type { Source } from './source.js';

const Name = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));

const Saved = v.object({
  Config: Name,
  RepoTags: v.nullish(v.array(v.string()), []),
  Layers: v.pipe(v.nullish(v.array(Name), []), v.maxLength(LAYERS, 'too many layers')),
});

type Saved = v.InferOutput<typeof Saved>;

/**
 * @param select an image name; may be absent when there is one image only.
 * @throws LupineError when there is no such image, listing those there are.
 */
export async function openDockerArchive(
  archive: Archive,
  select: string | undefined,
  platform: Platform,
  where: string,
): Promise<Source & { readonly names: readonly string[] }> {
  const saved = choose(await readManifest(archive, where), select, where);
  const bytes = await archive.read(saved.Config, MANIFEST_BYTES);
  const promised = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(saved.Config)?.[1];
  if (promised !== undefined) checkDigest(bytes, `sha256:${promised}`, `${where}, configuration`);
  const config = parseConfig(bytes, where, platform);
  if (config.diffIds.length !== saved.Layers.length) throw layerCountError(where);
  const layers = saved.Layers.map((name, i) => {
    const size = archive.size(name);
    if (size > BLOB_BYTES) throw new LupineError('a layer is too large', { where });
    return {
      diffId: config.diffIds[i] ?? '',
      mediaType: 'application/vnd.docker.image.rootfs.diff.tar',
      size,
      where: `${where}, layer ${name}`,
      read: () => archive.stream(name),
    };
  });
  return { digest: digestOf(bytes), config, layers, names: saved.RepoTags };
}

async function readManifest(archive: Archive, where: string): Promise<Saved[]> {
  if (archive.has('manifest.json')) {
    const bytes = await archive.read('manifest.json', MANIFEST_BYTES);
    return parseJson(bytes, v.array(Saved), 'docker archive manifest', where);
  }
  const isLayout = archive.has('oci-layout');
  const isOld = archive.has('repositories');
  throw new LupineError(isOld ? 'an archive of a docker before 1.10' : 'not a docker archive', {
    where,
    fix: isLayout
      ? 'it is an OCI layout: use oci-archive:'
      : 'save the image again with docker save, podman save or skopeo copy',
  });
}

function choose(saved: readonly Saved[], select: string | undefined, where: string): Saved {
  const list = saved
    .flatMap(({ RepoTags }) => RepoTags)
    .slice(0, 20)
    .join(', ');
  const there = list === '' ? 'its images have no names' : `it has ${list}`;
  if (select === undefined) {
    const [only] = saved;
    if (only !== undefined && saved.length === 1) return only;
    throw new LupineError(`the archive holds ${saved.length} images`, {
      where,
      fix: `say which, as FILE:NAME; ${there}`,
    });
  }
  const wanted = nameOf(parseName(select));
  const found = saved.find(({ RepoTags }) => RepoTags.some((tag) => complete(tag) === wanted));
  if (found !== undefined) return found;
  throw new LupineError(`no image ${select} in the archive`, { where, fix: there });
}

/** docker writes short names, podman and skopeo whole ones. */
function complete(tag: string): string {
  try {
    return nameOf(parseName(tag));
  } catch (error) {
    if (error instanceof LupineError) return tag;
    throw error;
  }
}
