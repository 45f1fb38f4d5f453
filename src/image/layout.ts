/**
 * OCI image layouts (image-layout.md of the OCI image specification), as a directory (`oci:`) or
 * inside a tar (`oci-archive:`). Blobs are found by digest only, so no name in them is ever a path.
 */

import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { LupineError, isSystemError } from '../support/errors.js';
import type { Archive } from './archive.js';
import type { Platform } from './config.js';
import { parseJson } from './json.js';
import { MANIFEST_BYTES, SMALL_ANSWER_BYTES } from './limits.js';
import { type Index, choosePlatform, parseIndex } from './manifest.js';
import { type ContentReader, readEntry, resolveImage } from './resolve.js';
import type { Source } from './source.js';

/** The files of a layout. */
export type LayoutFiles = Pick<Archive, 'read' | 'stream'>;

const LayoutVersion = v.object({
  imageLayoutVersion: v.pipe(v.string(), v.regex(/^1\./, 'a version we do not know')),
});

const REF_NAMES = ['org.opencontainers.image.ref.name', 'io.containerd.image.name'];

/**
 * @param select the image's name in the layout; may be absent when there is one image only.
 * @throws LupineError when there is no such image, listing those there are.
 */
export async function openLayout(
  files: LayoutFiles,
  select: string | undefined,
  platform: Platform,
  where: string,
): Promise<Source> {
  const version = await files.read('oci-layout', SMALL_ANSWER_BYTES);
  parseJson(version, LayoutVersion, 'OCI layout version', where);
  const index = parseIndex(await files.read('index.json', MANIFEST_BYTES), where);
  const named = select === undefined ? where : `${where}:${select}`;
  const entry = choosePlatform(selected(index, select, where), platform, named);
  const reader = readerOf(files, named);
  return resolveImage(await readEntry(entry, reader, named), reader, platform, named);
}

function readerOf(files: LayoutFiles, where: string): ContentReader {
  const file = (digest: string) => `blobs/${digest.replace(':', '/')}`;
  const small = ({ digest }: { digest: string }) => files.read(file(digest), MANIFEST_BYTES);
  return {
    document: small,
    config: small,
    layer: ({ digest }) => ({
      where: `${where}, layer ${digest}`,
      read: () => files.stream(file(digest)),
    }),
  };
}

/** The entries of one name. */
function selected(index: Index, select: string | undefined, where: string): Index {
  const names = [...new Set(index.manifests.flatMap((entry) => namesOf(entry)))];
  const list = names.slice(0, 20).join(', ');
  if (select === undefined) {
    if (names.length <= 1) return index;
    throw new LupineError('the layout holds several images', {
      where,
      fix: `say which, as PATH:NAME; it has ${list}`,
    });
  }
  const manifests = index.manifests.filter((entry) => namesOf(entry).includes(select));
  if (manifests.length > 0) return { ...index, manifests };
  throw new LupineError(`no image ${select} in the layout`, {
    where,
    fix: list === '' ? 'its images have no names: leave the name out' : `it has ${list}`,
  });
}

function namesOf({ annotations }: Index['manifests'][number]): string[] {
  return REF_NAMES.flatMap((name) => annotations[name] ?? []).slice(0, 1);
}

/** A layout that is a directory. Only plain files are opened: a FIFO would wait for ever. */
export function layoutDirectory(path: string): LayoutFiles {
  const checked = async (name: string): Promise<{ file: string; size: number }> => {
    const file = join(path, name);
    try {
      const info = await stat(file);
      if (info.isFile()) return { file, size: info.size };
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
    throw name === 'oci-layout'
      ? new LupineError('no OCI layout', {
          where: path,
          fix: 'oci: wants a directory with oci-layout and index.json; a root file system is dir:PATH',
        })
      : new LupineError('the OCI layout is incomplete', { where: file });
  };
  return {
    async read(name, limit) {
      const { file, size } = await checked(name);
      if (size > limit) throw new LupineError(`larger than ${limit} bytes`, { where: file });
      return readFile(file);
    },
    async *stream(name) {
      const { file } = await checked(name);
      yield* createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>;
    },
  };
}
