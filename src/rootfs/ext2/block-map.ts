/**
 * How an ext2 inode finds its blocks: 12 directly, then through one, two and three levels of blocks
 * of 1,024 pointers.
 */

import { BLOCK_SIZE } from './geometry.js';

const DIRECT = 12;
const FAN = BLOCK_SIZE / 4;

/** How many blocks of pointers a file of so many blocks needs. */
export function pointerBlocks(blocks: number): number {
  let left = Math.max(0, blocks - DIRECT);
  let count = 0;
  for (let level = 1; left > 0; level++) {
    const here = Math.min(left, FAN ** level);
    for (let n = here, depth = level; depth > 0; depth--) {
      n = Math.ceil(n / FAN);
      count += n;
    }
    left -= here;
  }
  return count;
}

export interface PointerBlock {
  readonly block: number;
  readonly content: Buffer;
}

/**
 * The 15 pointers of an inode; blocks of pointers are given to `put` as they become complete.
 * @param locate the block of a file's n-th block; the pointers' own blocks follow its last one.
 */
export async function mapBlocks(
  blocks: number,
  locate: (n: number) => number,
  put: (pointers: PointerBlock) => Promise<void>,
): Promise<number[]> {
  const pointers: number[] = [];
  let own = blocks;
  let next = 0;
  const tree = async (level: number): Promise<number> => {
    if (level === 0) return locate(next++);
    const block = locate(own++);
    const content = Buffer.alloc(BLOCK_SIZE);
    for (let i = 0; i < FAN && next < blocks; i++) {
      const pointer = level === 1 ? locate(next++) : await tree(level - 1);
      content.writeUInt32LE(pointer, i * 4);
    }
    await put({ block, content });
    return block;
  };
  for (let i = 0; i < DIRECT + 3; i++) {
    pointers.push(next < blocks ? await tree(Math.max(0, i - DIRECT + 1)) : 0);
  }
  return pointers;
}
