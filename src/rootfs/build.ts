/**
 * Makes a root file system image of a tree. The image appears under its name by one rename when it is
 * whole; nothing is left of one that failed.
 */

import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { FileTree } from '../image/types.js';
import type { Context } from '../support/context.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { cacheDirectory } from '../support/paths.js';
import { cached, keyOf, temporaryDirectory } from '../support/store.js';
import { writeInitramfs } from './cpio.js';
import { writeErofs } from './erofs/index.js';
import { writeExt2 } from './ext2/index.js';
import { kernelOptions, noteLostXattrs } from './requirements.js';
import { squashfsVersion, writeSquashfs } from './squashfs.js';
import type { Rootfs, RootfsFormat, RootfsOptions } from './types.js';

/** To be raised with every change of what a writer writes: it names old cache entries as old. */
const WRITER_VERSION = '2';
const IMAGE_NAME = 'rootfs.img';

/**
 * Writes a tree as a file system image; the same tree and options give the same bytes.
 * @param output replaced when it exists.
 * @throws LupineError when a tool is missing, the disk is full, or the format cannot hold the tree;
 * the signal's reason when aborted.
 */
export async function buildRootfs(
  tree: FileTree,
  options: RootfsOptions,
  output: string,
  context: Context,
): Promise<Rootfs> {
  context.signal?.throwIfAborted();
  const path = resolve(output);
  noteLostXattrs(tree, options.format, context);
  const task = context.progress.task(`writing the root file system (${options.format})`);
  let temporary: string | undefined;
  try {
    temporary = await temporaryDirectory(dirname(path));
    const image = join(temporary, basename(path));
    const progress = (done: number) =>
      task.update({ done, total: Math.max(done, tree.contentBytes), unit: 'bytes' });
    await write(tree, options, image, context, progress);
    const { size } = await stat(image);
    await rename(image, path);
    task.succeed();
    return describe(tree, options.format, path, size);
  } catch (error) {
    task.fail();
    context.signal?.throwIfAborted();
    throw diskFull(error, dirname(path)) ?? error;
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}

/** As `buildRootfs`, in the cache: built only when no image of the same content and options is there. */
export async function cachedRootfs(
  tree: FileTree,
  options: RootfsOptions,
  context: Context,
): Promise<Rootfs> {
  const { format } = options;
  const tool = format === 'squashfs' ? await squashfsVersion(context) : '';
  const free = format === 'ext2' ? String(options.freeBytes ?? 'default') : '';
  const key = `${format}-${keyOf(WRITER_VERSION, tree.digest, format, free, tool)}`;
  const root = join(cacheDirectory(), 'rootfs');
  const build = async (directory: string) => {
    await buildRootfs(tree, options, join(directory, IMAGE_NAME), context);
  };
  const path = join(await cached(root, key, build, context), IMAGE_NAME);
  return describe(tree, format, path, (await stat(path)).size);
}

async function write(
  tree: FileTree,
  options: RootfsOptions,
  image: string,
  context: Context,
  progress: (bytes: number) => void,
): Promise<void> {
  switch (options.format) {
    case 'ext2':
      return writeExt2(tree, image, context, { freeBytes: options.freeBytes, progress });
    case 'erofs':
      return writeErofs(tree, image, context, progress);
    case 'squashfs':
      return writeSquashfs(tree, image, context, progress);
    case 'initramfs':
      return writeInitramfs(tree, image, context, progress);
  }
}

function describe(tree: FileTree, format: RootfsFormat, path: string, bytes: number): Rootfs {
  return { path, format, bytes, options: kernelOptions(tree, format) };
}

/** A full disk in plain words, whether we or a tool met it. */
function diskFull(error: unknown, directory: string): LupineError | undefined {
  if (!isSystemError(error, 'ENOSPC') && !isSystemError(error, 'EDQUOT')) return undefined;
  return new LupineError('the disk is full', {
    where: directory,
    fix: 'free some space, or set LUPINE_CACHE to a directory on another disk',
    cause: error,
  });
}
