/**
 * The block of extended attributes of an ext2 inode (fs/ext2/xattr.c): a header, entries growing up,
 * values growing down. Inodes with the same attributes share a block.
 */

import { LupineError } from '../../support/errors.js';
import { ACL_INDEXES, xattrsOf, type Xattr } from '../xattrs.js';
import type { TreeEntry } from '../../image/types.js';
import { BLOCK_SIZE } from './geometry.js';

const MAGIC = 0xea020000;
const HEADER = 32;
const ENTRY = 16;
/** EXT2_XATTR_REFCOUNT_MAX: more inodes than this do not share one block. */
export const MAX_SHARED = 1024;

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

/**
 * The block for these attributes with a count of 1; undefined when there are none.
 * @throws LupineError when they do not fit in a block.
 */
export function encodeXattrBlock(entry: TreeEntry): Buffer | undefined {
  const attributes = xattrsOf(entry).map((attribute) => ({
    ...attribute,
    value: ACL_INDEXES.includes(attribute.index) ? diskAcl(attribute.value) : attribute.value,
  }));
  if (attributes.length === 0) return undefined;
  const block = Buffer.alloc(BLOCK_SIZE);
  let at = HEADER;
  let valueAt = BLOCK_SIZE;
  let blockHash = 0;
  for (const attribute of attributes) {
    const { index, name, value } = attribute;
    valueAt -= padded(value.length);
    const end = at + padded(ENTRY + name.length);
    // Four zero bytes end the list of entries.
    if (end + 4 > valueAt || name.length > 255) {
      throw new LupineError('the extended attributes of a file are too large for ext2', {
        where: entry.path,
        fix: 'use the format squashfs or erofs',
      });
    }
    const hash = entryHash(attribute);
    block.writeUInt8(name.length, at);
    block.writeUInt8(index, at + 1);
    block.writeUInt16LE(value.length === 0 ? 0 : valueAt, at + 2);
    block.writeUInt32LE(value.length, at + 8);
    block.writeUInt32LE(hash, at + 12);
    name.copy(block, at + ENTRY);
    block.set(value, valueAt);
    blockHash = (rotate(blockHash, 16) ^ hash) >>> 0;
    at = end;
  }
  block.writeUInt32LE(MAGIC, 0);
  setShared(block, 1);
  block.writeUInt32LE(1, 8);
  block.writeUInt32LE(blockHash, 12);
  return block;
}

/** Sets how many inodes share the block. */
export function setShared(block: Buffer, count: number): void {
  block.writeUInt32LE(count, 4);
}

function rotate(value: number, bits: number): number {
  return ((value << bits) | (value >>> (32 - bits))) >>> 0;
}

function entryHash({ name, value }: Xattr): number {
  let hash = 0;
  for (const byte of name) hash = (rotate(hash, 5) ^ byte) >>> 0;
  const words = Buffer.alloc(padded(value.length));
  words.set(value);
  for (let i = 0; i < words.length; i += 4) {
    hash = (rotate(hash, 16) ^ words.readUInt32LE(i)) >>> 0;
  }
  return hash;
}

const ACL_USER = 2;
const ACL_GROUP = 8;

/**
 * An access control list in ext2's own form (fs/ext2/acl.h): ids only where they mean something.
 * Source of the other form: include/uapi/linux/posix_acl_xattr.h.
 */
function diskAcl(value: Uint8Array): Buffer {
  const list = Buffer.from(value);
  const parts = [Buffer.from([1, 0, 0, 0])];
  for (let at = 4; at + 8 <= list.length; at += 8) {
    const tag = list.readUInt16LE(at);
    const withId = tag === ACL_USER || tag === ACL_GROUP;
    parts.push(list.subarray(at, at + (withId ? 8 : 4)));
  }
  return Buffer.concat(parts);
}
