/**
 * An image for measurements: files of this machine, as a distribution's image would hold them, in
 * gzip layers of an OCI layout that umoci makes. The same machine gives the same image.
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openImage } from '../image/index.js';
import type { Context } from '../support/context.js';
import { run } from '../support/process.js';

export interface SampleImage {
  /** Of umoci: the OCI layout and the tag. */
  readonly name: string;
  /** Of its files' contents. */
  readonly bytes: number;
  readonly entries: number;
}

/** Half of the content from each: many small files, and bigger ones of machine code. */
const SOURCES = ['/usr/share', '/usr/lib'];

const LAYERS = 4;
const TAG = 'sample';

/** @param wanted about so many bytes of content, or all there is. @param directory is made. */
export async function makeSampleImage(
  directory: string,
  wanted: number,
  context: Context,
): Promise<SampleImage> {
  const task = context.progress.task(`making an image of ${Math.round(wanted / 1e6)} MB`);
  const half = wanted / SOURCES.length;
  const paths = (await Promise.all(SOURCES.map((source) => entriesOf(source, half)))).flat();
  const umoci = async (...args: string[]) => {
    context.signal?.throwIfAborted();
    await run('umoci', args, { install: 'apt-get install umoci' });
  };
  const name = `${directory}:${TAG}`;
  await umoci('init', '--layout', directory);
  await umoci('new', '--image', name);
  const perLayer = Math.ceil(paths.length / LAYERS);
  for (let at = 0; at < paths.length; at += perLayer) {
    const tar = join(directory, 'layer.tar');
    await writeTar(tar, paths.slice(at, at + perLayer));
    await umoci('raw', 'add-layer', '--image', name, tar);
    await rm(tar);
  }
  const { tree } = await openImage(`oci:${name}`, {}, { progress: context.progress });
  task.succeed();
  return { name, bytes: tree.contentBytes, entries: tree.entryCount };
}

/** Entries of a directory in the order of their names, up to a size; none that is larger than that. */
async function entriesOf(directory: string, wanted: number): Promise<string[]> {
  const { stdout } = await run('du', ['--bytes', '--all', '--max-depth=1', directory], {
    accept: [0, 1],
  });
  const sizes = stdout
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([, path]) => path !== undefined && path !== directory)
    .sort(([, a = ''], [, b = '']) => (a < b ? -1 : 1));
  const chosen: string[] = [];
  let room = wanted;
  for (const [size = '0', path = ''] of sizes) {
    if (Number(size) > room) continue;
    room -= Number(size);
    chosen.push(path);
  }
  return chosen;
}

async function writeTar(output: string, paths: readonly string[]): Promise<void> {
  const names = paths.map((path) => path.slice(1)).join('\0');
  const format = ['--format=pax', '--pax-option=delete=atime,delete=ctime', '--numeric-owner'];
  const input = ['--directory=/', '--null', '--verbatim-files-from', '--files-from=-'];
  await run('tar', ['--create', '--sort=name', ...format, '--file', output, ...input], {
    input: names,
    env: { LC_ALL: 'C' },
  });
}
