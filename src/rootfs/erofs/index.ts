/**
 * erofs: a read-only root file system, mapped by the kernel as it lies on the disk. Our own writer:
 * mkfs.erofs reads a stream only from version 1.7 on, and before that wants the image unpacked on the
 * host, where neither owners nor devices can be made without root.
 */

import { open, type FileHandle } from 'node:fs/promises';
import type { FileTree } from '../../image/types.js';
import type { Context } from '../../support/context.js';
import { contentsOf } from '../contents.js';
import { deviceOf, isDevice, modeOf } from '../devices.js';
import { ImageWriter } from '../image-writer.js';
import { targetOf } from '../names.js';
import { uuidOf } from '../uuid.js';
import { encodeDirectory } from './directory.js';
import {
  BLOCK_SIZE,
  INODE_SIZE,
  SLOT,
  SUPERBLOCK_OFFSET,
  SUPERBLOCK_SIZE,
  encodeXattrs,
  Layout,
  type Placed,
} from './layout.js';

const MAGIC = 0xe0f5e1e2;
const COMPAT_MTIME = 0x2;
const EXTENDED = 1;
const FLAT_PLAIN = 0;
const FLAT_INLINE = 2;

/** Writes a tree as erofs into a new file. @param progress told the bytes of contents written so far. */
export async function writeErofs(
  tree: FileTree,
  output: string,
  context: Context,
  progress?: (bytes: number) => void,
): Promise<void> {
  const layout = new Layout(tree);
  const file = await open(output, 'wx', 0o644);
  try {
    await file.truncate(layout.blocks * BLOCK_SIZE);
    await writeMetadata(layout, tree, file);
    await writeContents(layout, tree, file, context, progress);
  } finally {
    await file.close();
  }
}

/** The superblock, and every inode whose content comes from metadata. */
async function writeMetadata(layout: Layout, tree: FileTree, file: FileHandle): Promise<void> {
  const writers = new Writers(file);
  await writers.inodes.write(SUPERBLOCK_OFFSET, encodeSuperblock(layout, uuidOf(tree.digest)));
  for (const inode of layout.inodes) {
    const { entry } = inode;
    if (entry.type === 'file' && entry.size > 0) continue;
    const content =
      entry.type === 'directory'
        ? encodeDirectory(inode, (number) => layout.nidOf(number))
        : entry.type === 'symlink'
          ? targetOf(entry)
          : Buffer.alloc(0);
    const parts = new Parts(layout.place(inode), writers);
    await parts.write(content);
    await parts.end();
  }
  await writers.end();
}

async function writeContents(
  layout: Layout,
  tree: FileTree,
  file: FileHandle,
  context: Context,
  progress: ((bytes: number) => void) | undefined,
): Promise<void> {
  const writers = new Writers(file);
  let done = 0;
  for await (const { entry, data } of contentsOf(tree, context.signal)) {
    // The rest is written already.
    if (entry.type !== 'file' || entry.size === 0 || entry.linkOf !== undefined) continue;
    const parts = new Parts(layout.place(layout.inodes.of(entry)), writers);
    for await (const piece of data) {
      await parts.write(piece);
      done += piece.length;
      progress?.(done);
    }
    await parts.end();
  }
  await writers.end();
}

class Writers {
  readonly inodes: ImageWriter;
  readonly blocks: ImageWriter;

  constructor(file: FileHandle) {
    this.inodes = new ImageWriter(file, SLOT);
    this.blocks = new ImageWriter(file, BLOCK_SIZE);
  }

  async end(): Promise<void> {
    await this.inodes.end();
    await this.blocks.end();
  }
}

/** An inode with its content: whole blocks go to their place, the tail stays with the inode. */
class Parts {
  #done = 0;
  readonly #tail: Buffer[] = [];

  constructor(
    private readonly placed: Placed,
    private readonly to: Writers,
  ) {}

  async write(bytes: Buffer): Promise<void> {
    const { size, tail, block } = this.placed;
    const body = bytes.subarray(0, Math.max(0, size - tail - this.#done));
    if (body.length > 0) await this.to.blocks.write(block * BLOCK_SIZE + this.#done, body);
    if (body.length < bytes.length) this.#tail.push(bytes.subarray(body.length));
    this.#done += bytes.length;
  }

  async end(): Promise<void> {
    const { inode, offset } = this.placed;
    const parts = [encodeInode(this.placed), encodeXattrs(inode.entry), ...this.#tail];
    await this.to.inodes.write(offset, Buffer.concat(parts));
  }
}

/** struct erofs_super_block. */
function encodeSuperblock(layout: Layout, uuid: Buffer): Buffer {
  const block = Buffer.alloc(SUPERBLOCK_SIZE);
  block.writeUInt32LE(MAGIC, 0);
  block.writeUInt32LE(COMPAT_MTIME, 8);
  block.writeUInt8(Math.log2(BLOCK_SIZE), 12);
  block.writeUInt16LE(layout.nidOf(0), 14);
  block.writeBigUInt64LE(BigInt(layout.inodes.count), 16);
  block.writeUInt32LE(layout.blocks, 36);
  uuid.copy(block, 48);
  return block;
}

/** struct erofs_inode_extended. */
function encodeInode({ inode, xattrBytes, size, tail, block }: Placed): Buffer {
  const { entry } = inode;
  const bytes = Buffer.alloc(INODE_SIZE);
  bytes.writeUInt16LE(EXTENDED | ((tail > 0 ? FLAT_INLINE : FLAT_PLAIN) << 1), 0);
  bytes.writeUInt16LE(xattrBytes === 0 ? 0 : (xattrBytes - 12) / 4 + 1, 2);
  bytes.writeUInt16LE(modeOf(entry), 4);
  bytes.writeBigUInt64LE(BigInt(size), 8);
  bytes.writeUInt32LE(isDevice(entry) ? deviceOf(entry) : block, 16);
  bytes.writeUInt32LE(inode.number + 1, 20);
  bytes.writeUInt32LE(entry.uid, 24);
  bytes.writeUInt32LE(entry.gid, 28);
  bytes.writeBigInt64LE(BigInt(entry.mtime), 32);
  bytes.writeUInt32LE(inode.links, 44);
  return bytes;
}
