import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  compareNames,
  decodeName,
  encodeName,
  nameLength,
} from '../../../../src/support/name-bytes.js';

// Broken UTF-8 of every kind, beside valid text.
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 4 }).map((raw) => Buffer.from(raw)),
      fc.string({ unit: 'grapheme', maxLength: 3 }).map((text) => Buffer.from(text)),
      fc.constantFrom(Buffer.of(0xed, 0xb2, 0x80), Buffer.of(0xc0, 0xaf), Buffer.of(0xf0, 0x9f)),
    ),
  )
  .map((parts) => Buffer.concat(parts));

test('any bytes come back from their string', () => {
  fc.assert(
    fc.property(bytes, (name) => {
      expect(encodeName(decodeName(name))).toEqual(name);
      expect(nameLength(decodeName(name))).toBe(name.length);
    }),
    { numRuns: 2000 },
  );
});

test('valid UTF-8 is the text it spells', () => {
  expect(decodeName(Buffer.from('naïve/日本/🎉'))).toBe('naïve/日本/🎉');
});

test('names compare as their bytes do', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(compareNames(decodeName(a), decodeName(b))).toBe(Buffer.compare(a, b));
    }),
    { numRuns: 2000 },
  );
});
