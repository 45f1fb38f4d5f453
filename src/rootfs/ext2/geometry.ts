/**
 * Where things lie in an ext2 file system (Documentation/filesystems/ext2.rst of Linux): groups of
 * 32,768 blocks, each with its bitmaps and inode table, some with a copy of the superblock. All that
 * is left is one row of data blocks, numbered from 0 here and handed out from its start.
 */

import { LupineError } from '../../support/errors.js';

export const BLOCK_SIZE = 4096;
export const INODE_SIZE = 128;
export const BLOCKS_PER_GROUP = BLOCK_SIZE * 8;
/** Inodes 1 to 10 are the file system's own; 2 is the root. */
export const FIRST_INODE = 11;
const INODES_PER_BLOCK = BLOCK_SIZE / INODE_SIZE;
const DESCRIPTORS_PER_BLOCK = BLOCK_SIZE / 32;
/** A last group with fewer data blocks than this is not worth its metadata. */
const LEAST_DATA = 64;
const MAX_BLOCKS = 2 ** 32 - 1;

export class Geometry {
  readonly blocks: number;
  readonly groups: number;
  readonly inodesPerGroup: number;
  readonly descriptorBlocks: number;
  /** `#dataStarts[g]` data blocks lie before group g. */
  readonly #dataStarts: number[] = [0];

  /**
   * The smallest that holds as much.
   * @throws LupineError when ext2 cannot be that large.
   */
  constructor(dataBlocks: number, inodes: number) {
    for (let groups = 1; ;) {
      const perGroup = Math.ceil(inodes / groups / INODES_PER_BLOCK) * INODES_PER_BLOCK;
      const descriptorBlocks = Math.ceil(groups / DESCRIPTORS_PER_BLOCK);
      let blocks = dataBlocks;
      for (let g = 0; g < groups; g++) blocks += overhead(g, descriptorBlocks, perGroup);
      if (blocks > MAX_BLOCKS) {
        throw new LupineError('the files are too large for ext2', {
          fix: 'use the format squashfs or erofs',
        });
      }
      const needed = Math.ceil(blocks / BLOCKS_PER_GROUP);
      if (needed > groups || perGroup > BLOCKS_PER_GROUP) {
        groups = Math.max(needed, groups + 1);
        continue;
      }
      const last = (groups - 1) * BLOCKS_PER_GROUP + LEAST_DATA;
      this.blocks = Math.max(blocks, last + overhead(groups - 1, descriptorBlocks, perGroup));
      this.groups = groups;
      this.inodesPerGroup = perGroup;
      this.descriptorBlocks = descriptorBlocks;
      break;
    }
    for (let g = 0; g < this.groups; g++) {
      this.#dataStarts.push((this.#dataStarts[g] ?? 0) + this.sizeOf(g) - this.overheadOf(g));
    }
  }

  /** Data blocks there are. */
  get dataBlocks(): number {
    return this.#dataStarts[this.groups] ?? 0;
  }

  get inodes(): number {
    return this.groups * this.inodesPerGroup;
  }

  sizeOf(group: number): number {
    return Math.min(BLOCKS_PER_GROUP, this.blocks - group * BLOCKS_PER_GROUP);
  }

  overheadOf(group: number): number {
    return overhead(group, this.descriptorBlocks, this.inodesPerGroup);
  }

  /** Data blocks of a group among the first `used` of all. */
  usedIn(group: number, used: number): number {
    const start = this.#dataStarts[group] ?? 0;
    return Math.max(0, Math.min(used - start, (this.#dataStarts[group + 1] ?? 0) - start));
  }

  blockBitmap(group: number): number {
    const copies = hasSuperblock(group) ? 1 + this.descriptorBlocks : 0;
    return group * BLOCKS_PER_GROUP + copies;
  }

  inodeBitmap(group: number): number {
    return this.blockBitmap(group) + 1;
  }

  inodeTable(group: number): number {
    return this.blockBitmap(group) + 2;
  }

  /** Byte offset of an inode. */
  inodeOffset(inode: number): number {
    const group = Math.floor((inode - 1) / this.inodesPerGroup);
    const index = (inode - 1) % this.inodesPerGroup;
    return this.inodeTable(group) * BLOCK_SIZE + index * INODE_SIZE;
  }

  /** The block that the n-th data block is, and how many follow it without a gap (itself included). */
  locate(n: number): { block: number; run: number } {
    let low = 0;
    let high = this.groups - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#dataStarts[middle] ?? 0) <= n) low = middle;
      else high = middle - 1;
    }
    const within = n - (this.#dataStarts[low] ?? 0);
    const block = low * BLOCKS_PER_GROUP + this.overheadOf(low) + within;
    return { block, run: (this.#dataStarts[low + 1] ?? 0) - n };
  }
}

function overhead(group: number, descriptorBlocks: number, inodesPerGroup: number): number {
  const copies = hasSuperblock(group) ? 1 + descriptorBlocks : 0;
  return copies + 2 + inodesPerGroup / INODES_PER_BLOCK;
}

/** With sparse_super: groups 0, 1 and the powers of 3, 5 and 7. */
export function hasSuperblock(group: number): boolean {
  return group <= 1 || [3, 5, 7].some((base) => isPower(group, base));
}

function isPower(n: number, base: number): boolean {
  let power = base;
  while (power < n) power *= base;
  return power === n;
}
