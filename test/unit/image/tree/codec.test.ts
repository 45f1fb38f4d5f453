import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeIndex,
  encodeIndex,
  indexLayer,
  type LayerIndex,
} from '../../../../src/image/tree/index.js';
import { LupineError } from '../../../../src/support/errors.js';
import { archive, dir, file, hardlink, streamOf, symlink } from './archive.js';

const specs = [
  dir('./', { mode: 0o700 }),
  file('a', 'content', { mode: 0o4755, uid: 1, gid: 2, mtime: 3 }),
  file('b', '', { pax: { 'SCHILY.xattr.user.x': Buffer.from([0, 255]) } }),
  { name: Buffer.from([0xff]), data: 'raw' },
  hardlink('h', 'a'),
  symlink('s', 'a'),
  { name: 'c', type: '3', major: 5, minor: 1, pax: { 'SCHILY.xattr.trusted.y': '1' } },
  { name: 'p', type: '6' },
  file('.wh.gone'),
  file('d/.wh..wh..opq'),
];
const indexed = () =>
  indexLayer(() => Promise.resolve(streamOf(archive(...specs))), { layer: 'sha256:1' });

const encoded = (index: LayerIndex) => Buffer.concat(encodeIndex(index));

describe('a layer index', () => {
  test('comes back from its bytes', async () => {
    const index = await indexed();
    expect(index.records).toHaveLength(specs.length);
    expect(decodeIndex(encoded(index))).toEqual(index);
  });

  test('of no records, and of more than a line holds', async () => {
    expect(decodeIndex(encoded({ records: [] }))).toEqual({ records: [] });
    const [record] = (await indexed()).records;
    const records = Array.from({ length: 2_001 }, () => record ?? expect.fail());
    expect(decodeIndex(encoded({ records })).records).toHaveLength(2_001);
  });

  test('is refused when any byte is changed or missing', async () => {
    const bytes = encoded(await indexed());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ by;
        expect(() => decodeIndex(changed)).toThrow(LupineError);
        expect(() => decodeIndex(bytes.subarray(0, at))).toThrow(LupineError);
      }),
    );
  });

  test.each([
    [
      'offsets going back',
      [
        [0, 'a', 0, 0, 0, 0, 9, 512],
        [0, 'b', 0, 0, 0, 0, 1, 300],
      ],
    ],
    ['a path that is not plain', [[0, '../a', 0, 0, 0, 0, 0, 512]]],
    ['a number that is none', [[0, 'a', '0', 0, 0, 0, 0, 512]]],
    ['a symlink without target', [[2, 'a', 0, 0, 0, 0, 0, 512]]],
    ['a device without numbers', [[3, 'a', 0, 0, 0, 0, 0, 512]]],
    ['an unknown type', [[9, 'a', 0, 0, 0, 0, 0, 512]]],
    ['no array', [{}]],
  ])('is refused for %s, though its checksum holds', async (_, rows) => {
    const { createHash } = await import('node:crypto');
    const body = `${JSON.stringify(rows)}\n`;
    const sum = createHash('sha256').update(body).digest('hex');
    const bytes = Buffer.from(`lupine-layer-index 1\n${sum}\n${body}`);
    expect(() => decodeIndex(bytes)).toThrow('a cached layer index is damaged');
  });
});
