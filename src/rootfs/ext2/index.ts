/**
 * ext2: a writable root file system. Our own writer, because no tool makes one from a stream
 * rightly: genext2fs cuts owners to 16 bits (65536 becomes root), device numbers to 8, and drops
 * extended attributes; mke2fs before 1.47.1 reads only unpacked directories, in the order of the host.
 */

import { open, type FileHandle } from 'node:fs/promises';
import type { FileTree } from '../../image/types.js';
import type { Context } from '../../support/context.js';
import { contentsOf } from '../contents.js';
import { ImageWriter } from '../image-writer.js';
import { targetOf } from '../names.js';
import { uuidOf } from '../uuid.js';
import { mapBlocks } from './block-map.js';
import { encodeDirectory } from './directory.js';
import { BLOCK_SIZE, BLOCKS_PER_GROUP, hasSuperblock } from './geometry.js';
import { encodeBitmaps, encodeDescriptors, encodeInode, encodeSuperblock } from './metadata.js';
import { numberOf, placedOf, planExt2, type Plan } from './plan.js';

/** Writes a tree as ext2 into a new file. @param progress told the bytes of contents written so far. */
export async function writeExt2(
  tree: FileTree,
  output: string,
  context: Context,
  options: {
    freeBytes?: number | undefined;
    progress?: ((bytes: number) => void) | undefined;
  } = {},
): Promise<void> {
  const plan = planExt2(tree, options.freeBytes);
  const file = await open(output, 'wx', 0o644);
  try {
    await file.truncate(plan.geometry.blocks * BLOCK_SIZE);
    await writeGroups(plan, uuidOf(tree.digest), file);
    await writeInodes(plan, file);
    await writeContents(plan, tree, file, context, options.progress);
  } finally {
    await file.close();
  }
}

async function writeGroups(plan: Plan, uuid: Buffer, file: FileHandle): Promise<void> {
  const { geometry } = plan;
  const writer = new ImageWriter(file, BLOCK_SIZE);
  const descriptors = encodeDescriptors(plan);
  for (let group = 0; group < geometry.groups; group++) {
    const start = group * BLOCKS_PER_GROUP * BLOCK_SIZE;
    if (hasSuperblock(group)) {
      await writer.write(start + (group === 0 ? 1024 : 0), encodeSuperblock(plan, uuid, group));
      await writer.write(start + BLOCK_SIZE, descriptors);
    }
    await writer.write(geometry.blockBitmap(group) * BLOCK_SIZE, encodeBitmaps(plan, group));
  }
  await writer.end();
}

/** Inodes, and all content that comes from metadata. */
async function writeInodes(plan: Plan, file: FileHandle): Promise<void> {
  const { geometry } = plan;
  const tables = new ImageWriter(file, BLOCK_SIZE);
  const data = new ImageWriter(file, BLOCK_SIZE);
  const put = ({ block, content }: { block: number; content: Buffer }) =>
    data.write(block * BLOCK_SIZE, content);
  for (const placed of placedOf(plan)) {
    const { inode, blocks, start } = placed;
    const pointers = await mapBlocks(blocks, (n) => geometry.locate(start + n).block, put);
    const bytes = encodeInode(placed, geometry, pointers);
    await tables.write(geometry.inodeOffset(numberOf(inode.number)), bytes);
    const { type } = inode.entry;
    if (type === 'directory') {
      await writeAt(plan, start, encodeDirectory(inode, numberOf), data);
    } else if (type === 'symlink' && blocks > 0) {
      await writeAt(plan, start, targetOf(inode.entry), data);
    }
  }
  for (const { at, content } of new Set(plan.xattrs.values()))
    await writeAt(plan, at, content, data);
  await tables.end();
  await data.end();
}

/** Writes bytes from the start of a data block on, across the borders of groups. */
async function writeAt(plan: Plan, start: number, bytes: Buffer, to: ImageWriter): Promise<void> {
  await new Stretch(plan, start, to).write(bytes);
}

async function writeContents(
  plan: Plan,
  tree: FileTree,
  file: FileHandle,
  context: Context,
  progress: ((bytes: number) => void) | undefined,
): Promise<void> {
  const writer = new ImageWriter(file, BLOCK_SIZE);
  let done = 0;
  for await (const { entry, data } of contentsOf(tree, context.signal)) {
    // Symbolic links and directories are written already.
    if (entry.type !== 'file' || entry.linkOf !== undefined) continue;
    const stretch = new Stretch(plan, plan.starts[entry.inode] ?? 0, writer);
    for await (const piece of data) {
      await stretch.write(piece);
      done += piece.length;
      progress?.(done);
    }
  }
  await writer.end();
}

/** Consecutive data blocks as one row of bytes, to be written from its start. */
class Stretch {
  #offset = 0;
  /** Bytes left until the data blocks make a jump. */
  #run = 0;

  constructor(
    private readonly plan: Plan,
    private next: number,
    private readonly writer: ImageWriter,
  ) {}

  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      if (this.#run === 0) {
        const { block, run } = this.plan.geometry.locate(this.next);
        this.#offset = block * BLOCK_SIZE;
        this.#run = run * BLOCK_SIZE;
        this.next += run;
      }
      const piece = bytes.subarray(at, at + this.#run);
      await this.writer.write(this.#offset, piece);
      this.#offset += piece.length;
      this.#run -= piece.length;
      at += piece.length;
    }
  }
}
