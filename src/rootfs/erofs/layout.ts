/**
 * Decides where everything of a tree lies in an erofs image (Documentation/filesystems/erofs.rst of
 * Linux) before a byte is written. First the superblock and all inodes, each followed by its extended
 * attributes and, where it fits in the same block, the tail of its content; then whole blocks of
 * content. Nothing is compressed: the kernel then needs no decompressor and maps pages as they are.
 */

import type { FileTree, TreeEntry } from '../../image/types.js';
import { LupineError } from '../../support/errors.js';
import { type Inode, Inodes } from '../inodes.js';
import { targetOf } from '../names.js';
import { xattrsOf } from '../xattrs.js';
import { directorySize } from './directory.js';

export const BLOCK_SIZE = 4096;
export const SUPERBLOCK_OFFSET = 1024;
export const SUPERBLOCK_SIZE = 128;
/** Inodes are found by their offset in these units: their `nid`. */
export const SLOT = 32;
export const INODE_SIZE = 64;
const XATTR_HEADER = 12;
const MAX_BLOCKS = 2 ** 32 - 1;

/** What an inode takes. */
interface Shape {
  /** Bytes of extended attributes after it. */
  readonly xattrBytes: number;
  /** Bytes of content. */
  readonly size: number;
  /** Bytes of the content's end that follow the attributes. */
  readonly tail: number;
}

export interface Placed extends Shape {
  readonly inode: Inode;
  /** Byte offset of the inode. */
  readonly offset: number;
  /** Block where the content starts that does not follow the inode. */
  readonly block: number;
}

export class Layout {
  readonly inodes: Inodes;
  readonly blocks: number;
  /** By inode. */
  readonly #nids: Uint32Array;
  readonly #starts: Uint32Array;

  /** @throws LupineError when erofs cannot hold the tree. */
  constructor(tree: FileTree) {
    this.inodes = new Inodes(tree);
    this.#nids = new Uint32Array(this.inodes.count);
    this.#starts = new Uint32Array(this.inodes.count);
    let offset = SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE;
    // Whole blocks are counted from the end of the inodes, which is not known yet.
    let blocks = 0;
    for (const inode of this.inodes) {
      const { xattrBytes, size, tail } = shapeOf(inode);
      const head = INODE_SIZE + xattrBytes;
      const left = BLOCK_SIZE - (offset % BLOCK_SIZE);
      // An inode, and whatever has a tail, lies in one block.
      if (left < (tail > 0 ? head + tail : INODE_SIZE)) offset += left;
      this.#nids[inode.number] = offset / SLOT;
      this.#starts[inode.number] = blocks;
      offset = Math.ceil((offset + head + tail) / SLOT) * SLOT;
      blocks += Math.ceil((size - tail) / BLOCK_SIZE);
    }
    const first = Math.ceil(offset / BLOCK_SIZE);
    this.blocks = first + blocks;
    if (this.blocks > MAX_BLOCKS) {
      throw new LupineError('the files are too large for erofs', {
        fix: 'use the format squashfs',
      });
    }
    this.#starts.forEach((start, i, starts) => (starts[i] = first + start));
  }

  /** The number by which the kernel finds an inode. */
  nidOf(inode: number): number {
    return this.#nids[inode] ?? 0;
  }

  place(inode: Inode): Placed {
    const offset = this.nidOf(inode.number) * SLOT;
    return { inode, offset, block: this.#starts[inode.number] ?? 0, ...shapeOf(inode) };
  }
}

function shapeOf(inode: Inode): Shape {
  const xattrBytes = xattrLength(inode.entry);
  const size = contentLength(inode);
  const rest = size % BLOCK_SIZE;
  const tail = INODE_SIZE + xattrBytes + rest <= BLOCK_SIZE ? rest : 0;
  return { xattrBytes, size, tail };
}

function contentLength(inode: Inode): number {
  const { entry } = inode;
  if (entry.type === 'directory') return directorySize(inode);
  return entry.type === 'symlink' ? targetOf(entry).length : entry.size;
}

function xattrLength(entry: TreeEntry): number {
  const attributes = xattrsOf(entry);
  if (attributes.length === 0) return 0;
  const sizes = attributes.map(({ name, value }) => {
    if (name.length > 255 || value.length > 0xffff) throw tooLarge(entry);
    return padded(4 + name.length + value.length);
  });
  const total = sizes.reduce((sum, size) => sum + size, XATTR_HEADER);
  if ((total - XATTR_HEADER) / 4 + 1 > 0xffff) throw tooLarge(entry);
  return total;
}

function tooLarge(entry: TreeEntry): LupineError {
  return new LupineError('the extended attributes of a file are too large for erofs', {
    where: entry.path,
  });
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

/** The attributes as they follow an inode (struct erofs_xattr_ibody_header and erofs_xattr_entry). */
export function encodeXattrs(entry: TreeEntry): Buffer {
  const bytes = Buffer.alloc(xattrLength(entry));
  let at = XATTR_HEADER;
  for (const { index, name, value } of xattrsOf(entry)) {
    bytes.writeUInt8(name.length, at);
    bytes.writeUInt8(index, at + 1);
    bytes.writeUInt16LE(value.length, at + 2);
    name.copy(bytes, at + 4);
    bytes.set(value, at + 4 + name.length);
    at += padded(4 + name.length + value.length);
  }
  return bytes;
}
