/**
 * Directories of ext2 (struct ext2_dir_entry_2 of fs/ext2/ext2.h): entries of
 * inode, length, name length, type, name; none crosses a block, the last of a block fills it.
 */

import { FILE_TYPE } from '../devices.js';
import type { Inode } from '../inodes.js';
import { BLOCK_SIZE } from './geometry.js';

const HEADER = 8;

function lengthOf(name: Buffer): number {
  return Math.ceil((HEADER + name.length) / 4) * 4;
}

/** Blocks that a directory needs. */
export function directoryBlocks(directory: Inode): number {
  let blocks = 1;
  let used = 0;
  for (const { name } of directory.names) {
    const length = lengthOf(name);
    if (used + length > BLOCK_SIZE) {
      blocks += 1;
      used = 0;
    }
    used += length;
  }
  return blocks;
}

/** The content of a directory. @param numberOf the number of an inode on this disk. */
export function encodeDirectory(directory: Inode, numberOf: (inode: number) => number): Buffer {
  const data = Buffer.alloc(directoryBlocks(directory) * BLOCK_SIZE);
  let at = 0;
  let last = 0;
  let blockEnd = BLOCK_SIZE;
  for (const { name, inode, type } of directory.names) {
    const length = lengthOf(name);
    if (at + length > blockEnd) {
      data.writeUInt16LE(blockEnd - last, last + 4);
      at = blockEnd;
      blockEnd += BLOCK_SIZE;
    }
    data.writeUInt32LE(numberOf(inode), at);
    data.writeUInt16LE(length, at + 4);
    data.writeUInt8(name.length, at + 6);
    data.writeUInt8(FILE_TYPE[type], at + 7);
    name.copy(data, at + HEADER);
    last = at;
    at += length;
  }
  data.writeUInt16LE(blockEnd - last, last + 4);
  return data;
}
