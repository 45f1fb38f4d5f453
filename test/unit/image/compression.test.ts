import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compressionOf, expanded } from '../../../src/image/compression.js';

async function* chunks(bytes: Buffer, size = 1000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

async function expand(bytes: Buffer, size?: number, limits?: { free: number; ratio: number }) {
  const parts: Buffer[] = [];
  for await (const part of expanded(chunks(bytes, size), 'here', limits)) parts.push(part);
  return Buffer.concat(parts);
}

const zstd = (bytes: Buffer) => execFileSync('zstd', ['-c', '-q'], { input: bytes });
const text = Buffer.from('some text that repeats, some text that repeats\n'.repeat(2000));

describe('expanded', () => {
  it.each([
    ['plain', (b: Buffer) => b],
    ['gzip', gzipSync],
    ['zstd', zstd],
  ])('gives back what was packed with %s', async (_, packed) => {
    for (const size of [1, 7, 4096, 1 << 20]) {
      if (size === 1 && _ !== 'gzip') continue;
      expect((await expand(packed(text), size)).equals(text)).toBe(true);
    }
  });

  it('gives nothing for nothing', async () =>
    expect(await expand(Buffer.alloc(0))).toHaveLength(0));

  it('takes several members, cut anywhere', async () => {
    const members = Buffer.concat([gzipSync('one '), gzipSync(''), gzipSync('two')]);
    for (const size of [1, 2, 24, 25, 1000]) {
      expect((await expand(members, size)).toString()).toBe('one two');
    }
    const frames = Buffer.concat([zstd(Buffer.from('one ')), zstd(Buffer.from('two'))]);
    expect((await expand(frames, 5)).toString()).toBe('one two');
  });

  it('takes a zstd stream that opens with a skippable frame', async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    expect((await expand(Buffer.concat([skippable, zstd(text)]))).equals(text)).toBe(true);
  });

  it.each([
    ['gzip', gzipSync(text)],
    ['zstd', zstd(text)],
  ])('refuses damaged, short and overlong %s', async (kind, packed) => {
    await expect(expand(packed.subarray(0, packed.length - 9))).rejects.toThrow(`damaged ${kind}`);
    const flipped = Buffer.from(packed);
    flipped.writeUInt8(flipped.readUInt8(packed.length - 3) ^ 0xff, packed.length - 3);
    await expect(expand(flipped)).rejects.toThrow(`damaged ${kind}`);
    const junk = Buffer.concat([packed, Buffer.from('trailing junk')]);
    for (const size of [packed.length, 1 << 20]) {
      await expect(expand(junk, size)).rejects.toThrow(`damaged ${kind}`);
    }
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstd],
  ])('stops a %s bomb', async (_, packed) => {
    const bomb = packed(Buffer.alloc(20_000_000));
    const limits = { free: 1_000_000, ratio: 10 };
    await expect(expand(bomb, undefined, limits)).rejects.toThrow('bomb');
    expect(await expand(bomb)).toHaveLength(20_000_000);
  });

  it('reports the failure of its source, not what follows from it', async () => {
    for (const packed of [gzipSync(text), zstd(text)]) {
      const failing = async function* () {
        yield packed.subarray(0, 40);
        await Promise.resolve();
        throw new Error('the network went away');
      };
      const all = async () => {
        const bytes = expanded(failing(), 'here');
        while ((await bytes.next()).done !== true);
      };
      await expect(all()).rejects.toThrow('the network went away');
    }
  });

  it('lets go of its source when its reader stops early', async () => {
    for (const packed of [text, gzipSync(text), zstd(text)]) {
      let closed = false;
      const source = async function* () {
        try {
          for (;;) yield await Promise.resolve(packed);
        } finally {
          closed = true;
        }
      };
      const bytes = expanded(source(), 'here');
      expect((await bytes.next()).done).toBe(false);
      await bytes.return();
      await expect.poll(() => closed).toBe(true);
    }
  });

  it('ends well or with an error on any bytes', async () => {
    const start = fc.constantFrom([], [0x1f, 0x8b, 8, 0], [0x1f, 0x8b]);
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), async (magic, rest) => {
        await expand(Buffer.from([...magic, ...rest])).catch((error: unknown) => {
          expect(String(error)).toMatch(/LupineError/);
        });
      }),
    );
  });
});

describe('compressionOf', () => {
  it.each([
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
    ['bzip2', [0x42, 0x5a, 0x68, 0x39]],
  ])('names %s, which is not for images', (name, start) =>
    expect(() => compressionOf(Buffer.from(start), 'here')).toThrow(name),
  );
});
