/**
 * Decides where everything of a tree lies in an erofs image (Documentation/filesystems/erofs.rst of
 * Linux) before a byte is written. First the superblock and all inodes, each followed by its extended
 * attributes and, where it fits in the same block, the tail of its content; then whole blocks of
 * content. Nothing is compressed: the kernel then needs no decompressor and maps pages as they are.
 */

import type { FileTree, TreeEntry } from '../../image/types.js';
import { LupineError } from '../../support/errors.js';
import { inodesOf, type Inode } from '../inodes.js';
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

export interface Placed {
  readonly inode: Inode;
  /** Byte offset of the inode. */
  readonly offset: number;
  /** Bytes of extended attributes after it. */
  readonly xattrBytes: number;
  /** Bytes of content. */
  readonly size: number;
  /** Bytes of the content's end that follow the attributes. */
  readonly tail: number;
  /** Block where the rest of the content starts. */
  readonly block: number;
}

export interface Layout {
  readonly placed: readonly Placed[];
  readonly blocks: number;
}

/** @throws LupineError when erofs cannot hold the tree. */
export function layOut(tree: FileTree): Layout {
  let offset = SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE;
  const sketch = inodesOf(tree).map((inode) => {
    const xattrBytes = xattrLength(inode.entry);
    const size = contentLength(inode);
    const rest = size % BLOCK_SIZE;
    const head = INODE_SIZE + xattrBytes;
    const tail = head + rest <= BLOCK_SIZE ? rest : 0;
    const left = BLOCK_SIZE - (offset % BLOCK_SIZE);
    // An inode, and whatever has a tail, lies in one block.
    if (left < (tail > 0 ? head + tail : INODE_SIZE)) offset += left;
    const own = offset;
    offset = Math.ceil((offset + head + tail) / SLOT) * SLOT;
    return { inode, offset: own, xattrBytes, size, tail };
  });
  let block = Math.ceil(offset / BLOCK_SIZE);
  const placed = sketch.map((item) => {
    const start = block;
    block += Math.ceil((item.size - item.tail) / BLOCK_SIZE);
    return { ...item, block: start };
  });
  if (block > MAX_BLOCKS) {
    throw new LupineError('the files are too large for erofs', { fix: 'use the format squashfs' });
  }
  return { placed, blocks: block };
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
