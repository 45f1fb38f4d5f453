/**
 * The form of a layer index on disk: a line with the format's name and version, a line with the
 * SHA-256 of the rest, then lines of JSON, each an array of records as arrays. A damaged or foreign
 * file is refused as a whole; whoever asked indexes the layer again.
 */

import { createHash } from 'node:crypto';
import { LupineError } from '../../support/errors.js';
import type { EntryType, Metadata } from '../types.js';
import type { LayerIndex, LayerRecord } from './layer-index.js';
import { NO_XATTRS } from './pax.js';
import { PathSplitter, pathOf } from './place.js';
import { checkXattrs, deviceNumbers, ownerId, plainPath, symlinkTarget } from './rules.js';

/** Raised whenever the format or what an index says of a layer changes. */
const FORMAT = 'lupine-layer-index 1';
const RECORDS_A_LINE = 1_000;

const TYPES: readonly EntryType[] = ['file', 'directory', 'symlink', 'character', 'block', 'fifo'];
const LINK = 6;
const WHITEOUT = 7;
const OPAQUE = 8;

/** In pieces: joining them would take as much memory again. */
export function encodeIndex(index: LayerIndex): Buffer[] {
  const hash = createHash('sha256');
  const lines: Buffer[] = [];
  for (let at = 0; at < index.records.length; at += RECORDS_A_LINE) {
    const rows = index.records.slice(at, at + RECORDS_A_LINE).map(rowOf);
    const line = Buffer.from(`${JSON.stringify(rows)}\n`);
    hash.update(line);
    lines.push(line);
  }
  return [Buffer.from(`${FORMAT}\n${hash.digest('hex')}\n`), ...lines];
}

function rowOf(record: LayerRecord): unknown[] {
  switch (record.type) {
    case 'whiteout':
      return [WHITEOUT, record.path];
    case 'opaque':
      return [OPAQUE, record.path];
    case 'link':
      return [LINK, pathOf(record), record.to];
    default: {
      const { type, mode, uid, gid, mtime, size, xattrs, target, major, minor } = record;
      const row = [TYPES.indexOf(type), pathOf(record), mode, uid, gid, mtime, size, record.offset];
      const pairs = [...xattrs].map(([name, value]) => [
        name,
        Buffer.from(value).toString('base64'),
      ]);
      const special = type === 'symlink' ? target : major === undefined ? 0 : [major, minor];
      if (pairs.length > 0) return [...row, special, pairs];
      return special === 0 ? row : [...row, special];
    }
  }
}

/** @throws LupineError when the bytes are not what `encodeIndex` of this version writes. */
export function decodeIndex(bytes: Buffer): LayerIndex {
  const first = bytes.indexOf('\n');
  const second = bytes.indexOf('\n', first + 1);
  const body = bytes.subarray(second + 1);
  if (
    first < 0 ||
    second < 0 ||
    bytes.toString('latin1', 0, first) !== FORMAT ||
    bytes.toString('latin1', first + 1, second) !== sha256(body)
  ) {
    damaged();
  }
  const records: LayerRecord[] = [];
  const paths = new PathSplitter();
  let end = 0;
  try {
    for (let at = 0; at < body.length;) {
      const newline = body.indexOf('\n', at);
      const rows: unknown = JSON.parse(
        body.toString('utf8', at, newline < 0 ? undefined : newline),
      );
      if (!Array.isArray(rows) || newline < 0) damaged();
      for (const row of rows) {
        const record = recordOf(row, end, paths);
        if ('offset' in record) end = record.offset + record.size;
        records.push(record);
      }
      at = newline + 1;
    }
  } catch (error) {
    damaged(error);
  }
  return { records };
}

function recordOf(row: unknown, earliest: number, paths: PathSplitter): LayerRecord {
  if (!Array.isArray(row)) damaged();
  const [code, path] = row as unknown[];
  if (typeof path !== 'string' || plainPath(path) !== path) damaged();
  const { directory, name } = paths.split(path);
  switch (code) {
    case WHITEOUT:
      return { type: 'whiteout', path };
    case OPAQUE:
      return { type: 'opaque', path };
    case LINK: {
      const to: unknown = row[2];
      if (typeof to !== 'string' || plainPath(to) !== to) damaged();
      return { type: 'link', directory, name, to };
    }
  }
  const type = typeof code === 'number' ? TYPES[code] : undefined;
  const [mode, uid, gid, mtime, size, offset] = row.slice(2, 8).map(count);
  if (type === undefined || mode === undefined || uid === undefined || gid === undefined) damaged();
  if (mtime === undefined || size === undefined || offset === undefined) damaged();
  // Files are read in this order, in one pass.
  if (offset < earliest || mode > 0o7777 || (type !== 'file' && size > 0)) damaged();
  return {
    directory,
    name,
    type,
    mode,
    uid: ownerId(uid),
    gid: ownerId(gid),
    mtime,
    size,
    xattrs: xattrsOf(row[9]),
    offset,
    ...specialOf(type, row[8]),
  };
}

function specialOf(type: EntryType, special: unknown): Partial<Metadata> {
  if (type === 'symlink') {
    if (typeof special !== 'string') damaged();
    return { target: symlinkTarget(special) };
  }
  if (type === 'character' || type === 'block') {
    if (!Array.isArray(special)) damaged();
    return deviceNumbers(count(special[0]), count(special[1]));
  }
  return {};
}

function xattrsOf(pairs: unknown): ReadonlyMap<string, Uint8Array> {
  if (pairs === undefined) return NO_XATTRS;
  if (!Array.isArray(pairs)) damaged();
  const xattrs = new Map<string, Uint8Array>();
  for (const pair of pairs as unknown[]) {
    if (!Array.isArray(pair)) damaged();
    const [name, value] = pair as unknown[];
    if (typeof name !== 'string' || typeof value !== 'string') damaged();
    xattrs.set(name, Buffer.from(value, 'base64'));
  }
  checkXattrs(xattrs);
  return xattrs;
}

function count(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) damaged();
  return value;
}

function damaged(cause?: unknown): never {
  throw new LupineError('a cached layer index is damaged', { cause });
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
