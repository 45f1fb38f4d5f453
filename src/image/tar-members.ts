/**
 * Where the members of an outer tar lie in its file: ustar, pax and GNU headers, nothing else
 * interpreted. Layers are not read with this: their metadata matters, here only names and places do.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { posix } from 'node:path';
import { LupineError } from '../support/errors.js';
import { ARCHIVE_HEADER_BYTES, ARCHIVE_LINKS, ARCHIVE_MEMBERS } from './limits.js';

export interface Member {
  /** Where its bytes begin in the file. */
  readonly offset: number;
  readonly size: number;
  /** Of a symbolic or hard link: the member it stands for. */
  readonly link?: string;
}

/** A member by name, links followed; undefined when it is absent or its links go nowhere. */
export function resolveMember(
  members: ReadonlyMap<string, Member>,
  name: string,
): Member | undefined {
  let member = members.get(name);
  for (let hops = 0; member?.link !== undefined && hops < ARCHIVE_LINKS; hops++) {
    member = members.get(member.link);
  }
  return member?.link === undefined ? member : undefined;
}

const BLOCK = 512;

/** Header fields we read (POSIX.1-2017, pax, ustar interchange format). */
const FIELD = {
  name: [0, 100],
  size: [124, 136],
  checksum: [148, 156],
  type: [156, 157],
  link: [157, 257],
  magic: [257, 262],
  prefix: [345, 500],
} as const;

/**
 * Walks over the headers of an uncompressed tar. Of two members with one name the later counts.
 * @param path how messages name it.
 * @throws LupineError when it is no tar, damaged, truncated or beyond the limits.
 */
export async function tarMembers(file: string, path: string): Promise<Map<string, Member>> {
  const handle = await open(file, 'r');
  try {
    return await walk(handle, (await handle.stat()).size, path);
  } finally {
    await handle.close();
  }
}

async function walk(handle: FileHandle, end: number, path: string): Promise<Map<string, Member>> {
  const members = new Map<string, Member>();
  const bad = (what: string) => new LupineError(what, { where: path });
  // What a pax or GNU header says of the member that follows it.
  let next: { name?: string; link?: string; size?: number } = {};
  const header = Buffer.alloc(BLOCK);
  for (let at = 0; ;) {
    const { bytesRead } = await handle.read(header, 0, BLOCK, at);
    if (bytesRead === 0 && at > 0) break;
    if (bytesRead < BLOCK) throw bad(at === 0 ? 'not a tar archive' : 'the archive is truncated');
    if (header.every((byte) => byte === 0)) break;
    if (!checksumHolds(header))
      throw bad(at === 0 ? 'not a tar archive' : 'the archive is damaged');
    const type = text(header, 'type');
    const extended = type === 'x' || type === 'g' || type === 'L' || type === 'K';
    const size = (extended ? undefined : next.size) ?? numberOf(header);
    const offset = at + BLOCK;
    if (!Number.isSafeInteger(size) || offset + size > end) throw bad('the archive is truncated');
    if (extended) {
      if (size > ARCHIVE_HEADER_BYTES) throw bad('an oversized header in the archive');
      const body = Buffer.alloc(size);
      await handle.read(body, 0, size, offset);
      if (type !== 'g') next = { ...next, ...extendedFields(type, body) };
    } else {
      const name = normal(next.name ?? fullName(header));
      const target = next.link ?? text(header, 'link');
      members.set(name, { offset, size, ...linkOf(type, name, target) });
      if (members.size > ARCHIVE_MEMBERS) throw bad('too many members in the archive');
      next = {};
    }
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
  }
  if (members.size === 0) throw bad('the archive is empty');
  return members;
}

function linkOf(type: string, name: string, target: string): { link?: string } {
  // A symbolic link is relative to its directory, a hard link to the archive's root.
  if (type === '2') return { link: normal(posix.join(posix.dirname(name), target)) };
  return type === '1' ? { link: normal(target) } : {};
}

function normal(name: string): string {
  return posix.normalize(name).replace(/^\/+|\/+$/g, '');
}

function text(header: Buffer, field: keyof typeof FIELD): string {
  const bytes = header.subarray(...FIELD[field]);
  const nul = bytes.indexOf(0);
  return bytes.toString('utf8', 0, nul < 0 ? bytes.length : nul);
}

function fullName(header: Buffer): string {
  const prefix = text(header, 'magic') === 'ustar' ? text(header, 'prefix') : '';
  return prefix === '' ? text(header, 'name') : `${prefix}/${text(header, 'name')}`;
}

/** Octal text, or GNU's base 256 when the first bit is set. NaN when it is neither. */
function numberOf(header: Buffer): number {
  const bytes = header.subarray(...FIELD.size);
  if (bytes[0] === 0x80) return Number(bytes.readBigUInt64BE(4));
  const digits = text(header, 'size').trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits === '' ? '0' : digits, 8) : Number.NaN;
}

function checksumHolds(header: Buffer): boolean {
  const [from, to] = FIELD.checksum;
  let sum = 0;
  for (const [i, byte] of header.entries()) sum += i >= from && i < to ? 0x20 : byte;
  return sum === Number.parseInt(text(header, 'checksum').trim(), 8);
}

function extendedFields(
  type: string,
  body: Buffer,
): { name?: string; link?: string; size?: number } {
  const whole = body.toString('utf8').replace(/\0.*$/s, '');
  if (type === 'L') return { name: whole };
  if (type === 'K') return { link: whole };
  const fields: { name?: string; link?: string; size?: number } = {};
  for (const [key, value] of paxRecords(body)) {
    if (key === 'path') fields.name = value;
    if (key === 'linkpath') fields.link = value;
    if (key === 'size') fields.size = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  }
  return fields;
}

/** `LENGTH KEY=VALUE\n`, the length in bytes and counting itself. Stops at the first bad one. */
function* paxRecords(body: Buffer): Generator<readonly [string, string]> {
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, space));
    if (space < 0 || !Number.isSafeInteger(length) || at + length > body.length) return;
    const record = body.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (length <= 0 || equals < 0) return;
    yield [record.slice(0, equals), record.slice(equals + 1)];
    at += length;
  }
}
