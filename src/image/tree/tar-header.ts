/**
 * One 512-byte tar header block: decoded strictly, encoded as ustar. Formats read: ustar and pax
 * (POSIX.1-2017), GNU and old GNU, star, and the header of Unix v7 that has no magic.
 */

import { refuse } from './rules.js';

export const BLOCK = 512;

/** Type flags (POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"). */
export const TYPE = {
  oldFile: 0,
  file: 0x30,
  link: 0x31,
  symlink: 0x32,
  character: 0x33,
  block: 0x34,
  directory: 0x35,
  fifo: 0x36,
  contiguous: 0x37,
  paxGlobal: 0x67,
  pax: 0x78,
  gnuLongName: 0x4c,
  gnuLongLink: 0x4b,
  gnuSparse: 0x53,
} as const;

/** A header as it stands. Buffers are views into the block. */
export interface TarHeader {
  readonly prefix: Buffer | undefined;
  readonly name: Buffer;
  readonly linkName: Buffer;
  readonly type: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
}

const ZEROS = Buffer.alloc(BLOCK);

/** Undefined for a block of zeros, the end mark. @throws LupineError when it is no tar header. */
export function decodeHeader(block: Buffer): TarHeader | undefined {
  if (block[0] === 0 && block.equals(ZEROS)) return undefined;
  if (!checksumHolds(block)) refuse('this is not a tar header (wrong checksum)');
  const magic = block.toString('latin1', 257, 265);
  const ustar = magic === 'ustar\u000000';
  if (!ustar && magic !== 'ustar  \0' && magic !== '\0\0\0\0\0\0\0\0') {
    refuse('the tar format is unknown');
  }
  const star = ustar && block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = ustar ? text(block, 345, star ? 131 : 155) : undefined;
  const type = block.readUInt8(156);
  const device = type === TYPE.character || type === TYPE.block;
  return {
    prefix: prefix !== undefined && prefix.length > 0 ? prefix : undefined,
    name: text(block, 0, 100),
    linkName: text(block, 157, 100),
    type,
    mode: numeric(block, 100, 8),
    uid: numeric(block, 108, 8),
    gid: numeric(block, 116, 8),
    size: numeric(block, 124, 12),
    mtime: numeric(block, 136, 12),
    major: device ? numeric(block, 329, 8) : 0,
    minor: device ? numeric(block, 337, 8) : 0,
  };
}

function text(block: Buffer, at: number, length: number): Buffer {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}

/** The sum of all bytes with the checksum's own taken as spaces; old writers added signed bytes. */
function checksumHolds(block: Buffer): boolean {
  let sum = 8 * 0x20;
  let high = 0;
  for (let i = 0; i < BLOCK; i += 1) {
    if (i === 148) i = 156;
    const byte = block[i] ?? 0;
    sum += byte;
    high += byte >> 7;
  }
  const stored = numeric(block, 148, 8);
  return stored === sum || stored === sum - 256 * high;
}

/** Octal digits between blanks or, with the top bit set, a big-endian two's complement number (GNU). */
function numeric(block: Buffer, at: number, length: number): number {
  const end = at + length;
  if (((block[at] ?? 0) & 0x80) !== 0) return base256(block, at, end);
  let i = at;
  while (i < end && (block[i] === 0x20 || block[i] === 0)) i += 1;
  let value = 0;
  for (; i < end; i += 1) {
    const byte = block[i] ?? 0;
    if (byte === 0x20 || byte === 0) break;
    if (byte < 0x30 || byte > 0x37) refuse('a number in a tar header is not octal');
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

function base256(block: Buffer, at: number, end: number): number {
  const first = block[at] ?? 0;
  let value = (first & 0x40) === 0 ? first & 0x3f : (first & 0x7f) - 0x80;
  for (let i = at + 1; i < end; i += 1) {
    value = value * 256 + (block[i] ?? 0);
    if (!Number.isSafeInteger(value)) refuse('a number in a tar header is too large');
  }
  return value;
}

/** The fields that fit ustar; whoever calls has put the rest into a pax header. */
export interface UstarFields {
  readonly name: Buffer;
  readonly prefix?: Buffer | undefined;
  readonly linkName?: Buffer | undefined;
  readonly type: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
}

export const MAX_USTAR = { name: 100, prefix: 155, id: 0o7777777, size: 0o77777777777 } as const;

/** Writes a ustar header into 512 zeroed bytes of a buffer. */
export function encodeHeader(into: Buffer, at: number, fields: UstarFields): void {
  fields.name.copy(into, at);
  octal(into, at + 100, 8, fields.mode);
  octal(into, at + 108, 8, fields.uid);
  octal(into, at + 116, 8, fields.gid);
  octal(into, at + 124, 12, fields.size);
  octal(into, at + 136, 12, fields.mtime);
  into[at + 156] = fields.type;
  fields.linkName?.copy(into, at + 157);
  into.write('ustar\u000000', at + 257, 'latin1');
  octal(into, at + 329, 8, fields.major ?? 0);
  octal(into, at + 337, 8, fields.minor ?? 0);
  fields.prefix?.copy(into, at + 345);
  let sum = 8 * 0x20;
  for (let i = at; i < at + BLOCK; i += 1) sum += into[i] ?? 0;
  octal(into, at + 148, 7, sum);
  into[at + 155] = 0x20;
}

function octal(into: Buffer, at: number, length: number, value: number): void {
  let rest = value;
  for (let i = at + length - 2; i >= at; i -= 1) {
    into[i] = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
}
