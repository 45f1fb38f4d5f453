/**
 * Pax extended headers (POSIX.1-2017, pax, "pax Extended Header"): records `LENGTH KEY=VALUE\n`.
 * Values are bytes here, because extended attributes are.
 */

import { decodeName, encodeName } from '../../support/name-bytes.js';
import { refuse } from './rules.js';

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;

/** The attributes of nearly every file: one for all of them. */
export const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

/** Parses the records of one extended header; a later one for the same key holds. */
export function decodePax(body: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  let at = 0;
  while (at < body.length) {
    let length = 0;
    let digits = at;
    for (; digits < body.length && digits - at < 8; digits += 1) {
      const digit = body.readUInt8(digits) - 0x30;
      if (digit < 0 || digit > 9) break;
      length = length * 10 + digit;
    }
    const end = at + length;
    const start = digits + 1;
    if (digits === at || body[digits] !== SPACE || end > body.length || end <= start) {
      refuse('a pax header is malformed');
    }
    const equals = body.subarray(start, end).indexOf(EQUALS) + start;
    if (equals <= start || body[end - 1] !== NEWLINE) refuse('a pax header is malformed');
    records.set(decodeName(body.subarray(start, equals)), body.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** The body of an extended header with these records, in this order. */
export function encodePax(records: Iterable<readonly [string, Uint8Array]>): Buffer {
  return Buffer.concat(
    [...records].map(([key, value]) => {
      const rest = Buffer.concat([encodeName(` ${key}=`), value, Buffer.of(NEWLINE)]);
      // The length counts its own digits.
      let length = rest.length + String(rest.length).length;
      length = rest.length + String(length).length;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}

/**
 * The extended attributes among the records: `SCHILY.xattr.NAME` holds the bytes themselves (star,
 * GNU tar, Go), `LIBARCHIVE.xattr.NAME` a percent-encoded name and base64. The former wins.
 */
export function xattrsOf(records: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const [key, value] of records) {
    if (!key.startsWith('LIBARCHIVE.xattr.')) continue;
    const text = value.toString('latin1');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) refuse('an extended attribute is not base64');
    found.set(percentDecoded(key.slice('LIBARCHIVE.xattr.'.length)), Buffer.from(text, 'base64'));
  }
  for (const [key, value] of records) {
    if (key.startsWith('SCHILY.xattr.')) {
      // Copied: a view would keep the whole header's buffer alive.
      found.set(key.slice('SCHILY.xattr.'.length), Buffer.from(value));
    }
  }
  return found.size === 0 ? NO_XATTRS : found;
}

function percentDecoded(text: string): string {
  const bytes = encodeName(text).toString('latin1');
  const decoded = bytes.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return decodeName(Buffer.from(decoded, 'latin1'));
}
