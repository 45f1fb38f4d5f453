/**
 * Directories of erofs (struct erofs_dirent of fs/erofs/erofs_fs.h): each block has its entries, then
 * their names; `.` and `..` are among them, and all are in the order of their bytes, for the kernel
 * searches by halves.
 */

import { FILE_TYPE } from '../devices.js';
import type { Inode, Name } from '../inodes.js';

const BLOCK_SIZE = 4096;
const DIRENT = 12;

/** Names grouped by the block that holds them. */
function blocksOf(directory: Inode): { names: Name[]; bytes: number }[] {
  const blocks: { names: Name[]; bytes: number }[] = [];
  // Names may come before `.`.
  const sorted = [...directory.names].sort((a, b) => Buffer.compare(a.name, b.name));
  let current = { names: [] as Name[], bytes: BLOCK_SIZE };
  for (const name of sorted) {
    const bytes = DIRENT + name.name.length;
    if (current.bytes + bytes > BLOCK_SIZE) {
      current = { names: [], bytes: 0 };
      blocks.push(current);
    }
    current.names.push(name);
    current.bytes += bytes;
  }
  return blocks;
}

/** Bytes of a directory's content. */
export function directorySize(directory: Inode): number {
  const blocks = blocksOf(directory);
  return (blocks.length - 1) * BLOCK_SIZE + (blocks.at(-1)?.bytes ?? 0);
}

/** @param nidOf the number by which the kernel finds an inode. */
export function encodeDirectory(directory: Inode, nidOf: (inode: number) => number): Buffer {
  const blocks = blocksOf(directory);
  const data = Buffer.alloc((blocks.length - 1) * BLOCK_SIZE + (blocks.at(-1)?.bytes ?? 0));
  blocks.forEach(({ names }, index) => {
    const start = index * BLOCK_SIZE;
    let nameAt = names.length * DIRENT;
    names.forEach(({ name, inode, type }, i) => {
      const at = start + i * DIRENT;
      data.writeBigUInt64LE(BigInt(nidOf(inode)), at);
      data.writeUInt16LE(nameAt, at + 8);
      data.writeUInt8(FILE_TYPE[type], at + 10);
      name.copy(data, start + nameAt);
      nameAt += name.length;
    });
  });
  return data;
}
