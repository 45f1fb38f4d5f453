/** File types and device numbers as Linux writes them on disks. */

import type { EntryType, TreeEntry } from '../image/types.js';
import { LupineError } from '../support/errors.js';

/** S_IFMT bits of stat.h. */
const TYPE_BITS: Readonly<Record<EntryType, number>> = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
};

/** FT_* of include/linux/fs_types.h: the types in directory entries of ext2 and erofs. */
export const FILE_TYPE: Readonly<Record<EntryType, number>> = {
  file: 1,
  directory: 2,
  character: 3,
  block: 4,
  fifo: 5,
  symlink: 7,
};

/** `st_mode`: the permission bits with the type. */
export function modeOf(entry: TreeEntry): number {
  return TYPE_BITS[entry.type] | (entry.mode & 0o7777);
}

export function isDevice(entry: TreeEntry): boolean {
  return entry.type === 'character' || entry.type === 'block';
}

/**
 * A device number in 32 bits (new_encode_dev of include/linux/kdev_t.h).
 * @throws LupineError when it is beyond Linux's 12 bits of major and 20 of minor.
 */
export function deviceOf(entry: TreeEntry): number {
  const major = entry.major ?? 0;
  const minor = entry.minor ?? 0;
  if (major >= 1 << 12 || minor >= 1 << 20) {
    throw new LupineError('a device number is beyond what Linux knows', {
      where: `${entry.path} (${major}:${minor})`,
    });
  }
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}
