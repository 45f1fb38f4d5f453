/**
 * Decides where everything of a tree lies in an ext2 file system before a byte is written, and so how
 * large it is. A pure function of the tree's metadata.
 */

import type { FileTree } from '../../image/types.js';
import { LupineError } from '../../support/errors.js';
import { type Inode, Inodes } from '../inodes.js';
import { targetOf } from '../names.js';
import { pointerBlocks } from './block-map.js';
import { directoryBlocks } from './directory.js';
import { BLOCK_SIZE, FIRST_INODE, Geometry } from './geometry.js';
import { MAX_SHARED, encodeXattrBlock, setShared } from './xattr-block.js';

/** Text up to this long lies in the inode itself. */
export const FAST_SYMLINK = 59;
/** EXT2_LINK_MAX of fs/ext2/ext2.h. */
const MAX_LINKS = 32_000;
/** i_blocks counts sectors of 512 bytes in 32 bits. */
const MAX_FILE_BLOCKS = 2 ** 32 / (BLOCK_SIZE / 512) - 1;
/** A free inode for so many free bytes: the ratio of mke2fs. */
const BYTES_PER_INODE = 16_384;
const MIN_FREE = 64 * 1024 * 1024;

export interface Placed {
  readonly inode: Inode;
  /** Blocks of its content, from data block `start`; blocks of pointers follow. */
  readonly blocks: number;
  readonly pointers: number;
  readonly start: number;
  readonly xattrs: XattrBlock | undefined;
}

export interface XattrBlock {
  readonly content: Buffer;
  /** Its data block. */
  readonly at: number;
  shared: number;
}

export interface Plan {
  readonly geometry: Geometry;
  readonly inodes: Inodes;
  /** By inode: the data block where its content starts. */
  readonly starts: Uint32Array;
  readonly xattrs: ReadonlyMap<number, XattrBlock>;
  /** Data blocks in use: the first ones. */
  readonly used: number;
}

/** An inode's number on disk: the root is 2, others come after the reserved ones. */
export function numberOf(inode: number): number {
  return inode === 0 ? 2 : FIRST_INODE - 1 + inode;
}

/** All inodes with their places, by their numbers on disk. */
export function* placedOf({ inodes, starts, xattrs }: Plan): Generator<Placed, void, undefined> {
  for (const inode of inodes) {
    const blocks = contentBlocks(inode);
    const start = starts[inode.number] ?? 0;
    const own = xattrs.get(inode.number);
    yield { inode, blocks, pointers: pointerBlocks(blocks), start, xattrs: own };
  }
}

/** @throws LupineError when ext2 cannot hold the tree. */
export function planExt2(tree: FileTree, freeBytes?: number): Plan {
  const inodes = new Inodes(tree);
  const starts = new Uint32Array(inodes.count);
  const xattrs = new Map<number, XattrBlock>();
  const shareable = new Map<string, XattrBlock>();
  let used = 0;
  for (const inode of inodes) {
    checkLinks(inode);
    const blocks = contentBlocks(inode);
    starts[inode.number] = used;
    used += blocks + pointerBlocks(blocks);
    const content = encodeXattrBlock(inode.entry);
    if (content === undefined) continue;
    const key = content.toString('latin1');
    let block = shareable.get(key);
    if (block === undefined || block.shared === MAX_SHARED) {
      block = { content, at: used, shared: 0 };
      used += 1;
      shareable.set(key, block);
    }
    block.shared += 1;
    setShared(block.content, block.shared);
    xattrs.set(inode.number, block);
  }
  const free = freeBytes ?? Math.max(MIN_FREE, Math.ceil((used * BLOCK_SIZE) / 4));
  const slots = FIRST_INODE - 1 + inodes.count + Math.ceil(free / BYTES_PER_INODE);
  const geometry = new Geometry(used + Math.ceil(free / BLOCK_SIZE), slots);
  return { geometry, inodes, starts, xattrs, used };
}

function contentBlocks(inode: Inode): number {
  const { entry } = inode;
  if (entry.type === 'directory') return directoryBlocks(inode);
  if (entry.type === 'symlink') return targetOf(entry).length > FAST_SYMLINK ? 1 : 0;
  const blocks = Math.ceil(entry.size / BLOCK_SIZE);
  if (blocks + pointerBlocks(blocks) > MAX_FILE_BLOCKS) {
    throw new LupineError('a file is too large for ext2', {
      where: entry.path,
      fix: 'use the format squashfs or erofs',
    });
  }
  return blocks;
}

function checkLinks({ entry, links }: Inode): void {
  if (links <= MAX_LINKS) return;
  const what = entry.type === 'directory' ? 'subdirectories' : 'hard links';
  throw new LupineError(`more than ${MAX_LINKS} ${what}, the limit of ext2`, {
    where: entry.path === '' ? '/' : entry.path,
    fix: 'use the format squashfs or erofs',
  });
}
