/**
 * File names are bytes to Linux and strings to us. Valid UTF-8 becomes the text it spells; each byte
 * that is not part of valid UTF-8 becomes one lone surrogate U+DC80..U+DCFF, which no UTF-8 decodes
 * to. So every name has exactly one string, and `encodeName` gives back its very bytes.
 */

import { isUtf8 } from 'node:buffer';

const ESCAPE = 0xdc00;

/** The string of a name's bytes. */
export function decodeName(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : decodeEscaped(bytes);
}

function decodeEscaped(bytes: Buffer): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = [1, 2, 3, 4].find(
      (n) => at + n <= bytes.length && isUtf8(bytes.subarray(at, at + n)),
    );
    if (length === undefined) {
      text += String.fromCharCode(ESCAPE + bytes.readUInt8(at));
      at += 1;
    } else {
      text += bytes.toString('utf8', at, at + length);
      at += length;
    }
  }
  return text;
}

/** The bytes of a name's string: the inverse of `decodeName`. */
export function encodeName(text: string): Buffer {
  if (!/[\udc80-\udcff]/u.test(text)) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const escaped = code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff;
    parts.push(escaped ? Buffer.of(code - ESCAPE) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** Length of a name in bytes. */
export function nameLength(text: string): number {
  // A lone surrogate counts three bytes in UTF-8, one here; other characters count alike.
  return Buffer.byteLength(text) - 2 * (text.match(/[\udc80-\udcff]/gu)?.length ?? 0);
}

/** Orders names by their bytes, whatever the locale. */
export function compareNames(a: string, b: string): number {
  // Below the surrogates, the order of UTF-16 units is the order of UTF-8 bytes.
  if (/[\ud800-\uffff]/.test(a) || /[\ud800-\uffff]/.test(b)) {
    return Buffer.compare(encodeName(a), encodeName(b));
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
