/** Archives as real tools write them, pax records, and archives broken in every way. */

import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodePax, encodePax } from '../../../../src/image/tree/pax.js';
import { LupineError } from '../../../../src/support/errors.js';
import {
  archive,
  bytesOf,
  dir,
  file,
  hardlink,
  paxBody,
  summary,
  symlink,
  treeOf,
} from './archive.js';

const scratch = mkdtempSync(join(tmpdir(), 'lupine-parser-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('archives of', () => {
  const source = join(scratch, 'source');
  const long = 'l'.repeat(120);
  beforeAll(() => {
    mkdirSync(join(source, 'd', long), { recursive: true });
    writeFileSync(join(source, 'd', 'f'), 'x'.repeat(1000));
    writeFileSync(join(source, 'd', long, long), 'long');
    writeFileSync(join(source, 'é'), 'utf');
    linkSync(join(source, 'd', 'f'), join(source, 'h'));
    symlinkSync('t'.repeat(150), join(source, 's'));
  });
  const tools: [string, string, string[]][] = [
    ['GNU tar, gnu', 'tar', ['--format=gnu']],
    ['GNU tar, oldgnu', 'tar', ['--format=oldgnu']],
    ['GNU tar, pax', 'tar', ['--format=pax']],
    ['bsdtar, pax', 'bsdtar', ['--format=pax']],
    ['bsdtar, gnutar', 'bsdtar', ['--format=gnutar']],
  ];
  test.each(tools)('%s', async (_, program, format) => {
    const bytes = execFileSync(program, [...format, '-cf', '-', '-C', source, '.'], {
      maxBuffer: 2 ** 24,
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    const lines = await summary(await treeOf([bytes], { piece: 777 }));
    expect(lines).toEqual([
      'd/',
      `d/f=${'x'.repeat(1000)}`,
      `d/${long}/`,
      `d/${long}/${long}=long`,
      'h == d/f',
      `s -> ${'t'.repeat(150)}`,
      'é=utf',
    ]);
  });
});

describe('pax records', () => {
  test('come back, whatever their length', () => {
    for (let length = 0; length < 1200; length += 1) {
      const records = [['key', Buffer.alloc(length, 0x3d)]] as const;
      const body = encodePax(records);
      expect(body).toEqual(paxBody(Object.fromEntries(records)));
      expect([...decodePax(body)]).toEqual(records);
    }
  });

  test('attributes keep their bytes, in both spellings', async () => {
    const value = Buffer.from([1, 0, 0, 2, 0xff, 0x0a, 0x3d]);
    const tree = await treeOf([
      archive(
        file('a', '', { pax: { 'SCHILY.xattr.security.capability': value } }),
        file('b', '', { pax: { 'LIBARCHIVE.xattr.user.a%3Db': value.toString('base64') } }),
      ),
    ]);
    expect(tree.get('a')?.xattrs).toEqual(new Map([['security.capability', value]]));
    expect(tree.get('b')?.xattrs).toEqual(new Map([['user.a=b', value]]));
  });

  test('of any bytes are parsed or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (raw) => {
        expectOnlyLupineErrors(() => decodePax(Buffer.from(raw)));
      }),
      { numRuns: 2000 },
    );
  });
});

function expectOnlyLupineErrors(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(LupineError);
  }
}

describe('a broken archive', () => {
  const whole = archive(
    dir('d', { pax: { 'SCHILY.xattr.user.a': 'b'.repeat(600), path: 'dd' } }),
    file('dd/f', 'x'.repeat(1500), { uid: 3 }),
    symlink('s', 'dd'),
    hardlink('s/g', 'dd/f'),
    file('.wh.x'),
    { name: 'c', type: '3', major: 1, minor: 3 },
    file('././@LongLink', `${'n'.repeat(150)}/${'n'.repeat(150)}`, { type: 'L' }),
    file('n', 'y'),
  );

  test('cut anywhere is refused as truncated, or ends at the border of an entry', async () => {
    let truncated = 0;
    for (let length = 1; length < whole.length - 1024; length += 37) {
      const error: unknown = await treeOf([whole.subarray(0, length)]).catch((e: unknown) => e);
      if (!(error instanceof Error)) continue;
      expect(error).toBeInstanceOf(LupineError);
      expect(error.message).toBe('the layer is truncated: it ends inside an entry');
      truncated += 1;
    }
    expect(truncated).toBeGreaterThan(100);
  });

  test('with any bytes changed gives a tree that can be read, or a LupineError', async () => {
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.integer({ min: 300, max: 4096 }),
        async (changes, mend, piece) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          if (mend) for (let at = 0; at < bytes.length; at += 512) mendChecksum(bytes, at);
          try {
            const tree = await treeOf([bytes], { piece });
            await bytesOf(tree.tar());
          } catch (error) {
            expect(error).toBeInstanceOf(LupineError);
            refused += 1;
          }
        },
      ),
      { numRuns: 700 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  /** So that changes reach what lies behind the checksum. */
  function mendChecksum(bytes: Buffer, at: number): void {
    const block = bytes.subarray(at, at + 512);
    if (block.length < 512 || block.toString('latin1', 257, 262) !== 'ustar') return;
    block.write('        ', 148);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  }
});
