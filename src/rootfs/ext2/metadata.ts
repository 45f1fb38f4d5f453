/**
 * The superblock, group descriptors, bitmaps and inodes of ext2 as bytes (struct ext2_super_block,
 * ext2_group_desc and ext2_inode of fs/ext2/ext2.h).
 */

import { deviceOf, isDevice, modeOf } from '../devices.js';
import { targetOf } from '../names.js';
import { BLOCK_SIZE, BLOCKS_PER_GROUP, FIRST_INODE, Geometry, INODE_SIZE } from './geometry.js';
import { numberOf, type Placed, type Plan } from './plan.js';

const COMPAT_EXT_ATTR = 0x8;
const INCOMPAT_FILETYPE = 0x2;
const RO_COMPAT_SPARSE_SUPER = 0x1;
const RO_COMPAT_LARGE_FILE = 0x2;
const DEFAULT_MOUNT_XATTR_USER_AND_ACL = 0x4 | 0x8;
const SECTORS_PER_BLOCK = BLOCK_SIZE / 512;

/** Inodes of a group that are in use: always its first ones. */
function usedInodes({ geometry, inodes }: Plan, group: number): number {
  const used = FIRST_INODE - 2 + inodes.count;
  const before = group * geometry.inodesPerGroup;
  return Math.max(0, Math.min(geometry.inodesPerGroup, used - before));
}

/** @param group whose copy this is. */
export function encodeSuperblock(plan: Plan, uuid: Buffer, group: number): Buffer {
  const { geometry } = plan;
  const block = Buffer.alloc(1024);
  const u32 = (offset: number, value: number) => block.writeUInt32LE(value, offset);
  const u16 = (offset: number, value: number) => block.writeUInt16LE(value, offset);
  u32(0, geometry.inodes);
  u32(4, geometry.blocks);
  u32(12, geometry.dataBlocks - plan.used);
  u32(16, geometry.inodes - (FIRST_INODE - 2 + plan.inodes.count));
  u32(24, Math.log2(BLOCK_SIZE / 1024));
  u32(28, Math.log2(BLOCK_SIZE / 1024));
  u32(32, BLOCKS_PER_GROUP);
  u32(36, BLOCKS_PER_GROUP);
  u32(40, geometry.inodesPerGroup);
  u16(54, 0xffff); // never checked for its number of mounts
  u16(56, 0xef53);
  u16(58, 1); // clean
  u16(60, 1); // errors: continue
  u32(76, 1); // revision with features
  u32(84, FIRST_INODE);
  u16(88, INODE_SIZE);
  u16(90, group);
  u32(92, COMPAT_EXT_ATTR);
  u32(96, INCOMPAT_FILETYPE);
  u32(100, RO_COMPAT_SPARSE_SUPER | RO_COMPAT_LARGE_FILE);
  uuid.copy(block, 104);
  u32(256, DEFAULT_MOUNT_XATTR_USER_AND_ACL);
  return block;
}

/** The table of all groups, padded to whole blocks. */
export function encodeDescriptors(plan: Plan): Buffer {
  const { geometry } = plan;
  const table = Buffer.alloc(geometry.descriptorBlocks * BLOCK_SIZE);
  const directories = directoriesByGroup(plan);
  for (let group = 0; group < geometry.groups; group++) {
    const at = group * 32;
    const taken = geometry.overheadOf(group) + geometry.usedIn(group, plan.used);
    table.writeUInt32LE(geometry.blockBitmap(group), at);
    table.writeUInt32LE(geometry.inodeBitmap(group), at + 4);
    table.writeUInt32LE(geometry.inodeTable(group), at + 8);
    table.writeUInt16LE(geometry.sizeOf(group) - taken, at + 12);
    table.writeUInt16LE(geometry.inodesPerGroup - usedInodes(plan, group), at + 14);
    table.writeUInt16LE(directories[group] ?? 0, at + 16);
  }
  return table;
}

function directoriesByGroup({ geometry, inodes }: Plan): number[] {
  const counts = new Array<number>(geometry.groups).fill(0);
  for (const { entry, number } of inodes) {
    if (entry.type !== 'directory') continue;
    const group = Math.floor((numberOf(number) - 1) / geometry.inodesPerGroup);
    counts[group] = (counts[group] ?? 0) + 1;
  }
  return counts;
}

/** The block bitmap and, after it, the inode bitmap of a group. */
export function encodeBitmaps(plan: Plan, group: number): Buffer {
  const { geometry } = plan;
  const bitmaps = Buffer.alloc(2 * BLOCK_SIZE);
  const taken = geometry.overheadOf(group) + geometry.usedIn(group, plan.used);
  setBits(bitmaps, 0, taken);
  setBits(bitmaps, geometry.sizeOf(group), BLOCKS_PER_GROUP);
  setBits(bitmaps, BLOCKS_PER_GROUP, BLOCKS_PER_GROUP + usedInodes(plan, group));
  // What no block or inode stands behind counts as taken.
  setBits(bitmaps, BLOCKS_PER_GROUP + geometry.inodesPerGroup, 2 * BLOCKS_PER_GROUP);
  return bitmaps;
}

function setBits(bitmap: Buffer, from: number, to: number): void {
  let bit = from;
  for (; bit < to && bit % 8 !== 0; bit++)
    bitmap[bit >> 3] = (bitmap[bit >> 3] ?? 0) | (1 << (bit % 8));
  const whole = Math.max(bit, to - (to % 8));
  bitmap.fill(0xff, bit >> 3, whole >> 3);
  for (bit = whole; bit < to; bit++) bitmap[bit >> 3] = (bitmap[bit >> 3] ?? 0) | (1 << (bit % 8));
}

/** @param pointers the 15 of its blocks. */
export function encodeInode(placed: Placed, geometry: Geometry, pointers: number[]): Buffer {
  const { inode, blocks, xattrs } = placed;
  const { entry } = inode;
  const bytes = Buffer.alloc(INODE_SIZE);
  const size = sizeOf(placed);
  const time = Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, entry.mtime));
  const allBlocks = blocks + placed.pointers + (xattrs === undefined ? 0 : 1);
  bytes.writeUInt16LE(modeOf(entry), 0);
  bytes.writeUInt16LE(entry.uid & 0xffff, 2);
  bytes.writeUInt32LE(size % 2 ** 32, 4);
  for (const offset of [8, 12, 16]) bytes.writeInt32LE(time, offset);
  bytes.writeUInt16LE(entry.gid & 0xffff, 24);
  bytes.writeUInt16LE(inode.links, 26);
  bytes.writeUInt32LE(allBlocks * SECTORS_PER_BLOCK, 28);
  if (isDevice(entry)) writeDevice(bytes, deviceOf(entry));
  else if (entry.type === 'symlink' && blocks === 0) targetOf(entry).copy(bytes, 40);
  else pointers.forEach((pointer, i) => bytes.writeUInt32LE(pointer, 40 + 4 * i));
  if (xattrs !== undefined) bytes.writeUInt32LE(geometry.locate(xattrs.at).block, 104);
  if (entry.type === 'file') bytes.writeUInt32LE(Math.floor(size / 2 ** 32), 108);
  bytes.writeUInt16LE(entry.uid >>> 16, 120);
  bytes.writeUInt16LE(entry.gid >>> 16, 122);
  return bytes;
}

function sizeOf({ inode: { entry }, blocks }: Placed): number {
  if (entry.type === 'directory') return blocks * BLOCK_SIZE;
  return entry.type === 'symlink' ? targetOf(entry).length : entry.size;
}

/** Numbers up to 255:255 in the first pointer, as ever; larger ones in the second. */
function writeDevice(bytes: Buffer, device: number): void {
  bytes.writeUInt32LE(device, device <= 0xffff ? 40 : 44);
}
