import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeIdentity, readElf, readIdentity } from '../../../../src/image/executable/elf.js';
import type { ByteSource } from '../../../../src/image/executable/elf.js';
import { LupineError } from '../../../../src/support/errors.js';
import { buildElf, library, program } from './build-elf.js';

function source(bytes: Buffer): ByteSource {
  return { name: 'x', size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}

/** The outcome of reading: nothing but a value or a LupineError is allowed. */
function outcome(bytes: Buffer): 'read' | 'refused' {
  try {
    readIdentity(source(bytes));
    readElf(source(bytes));
    return 'read';
  } catch (error) {
    if (error instanceof LupineError) return 'refused';
    throw error;
  }
}

describe('readElf', () => {
  it('reads what a loader reads', () => {
    const bytes = program({
      needed: ['liba.so.1', 'libc.so.6'],
      soname: 'me',
      rpath: '/old',
      runpath: '$ORIGIN/../lib',
      flags1: 0x800 | 0x8000000,
    });
    expect(readElf(source(bytes))).toEqual({
      bits: 64,
      littleEndian: true,
      type: 3,
      machine: 62,
      entry: 0x10000,
      interpreter: '/lib64/ld-linux-x86-64.so.2',
      needed: ['liba.so.1', 'libc.so.6'],
      soname: 'me',
      rpath: '/old',
      runpath: '$ORIGIN/../lib',
      noDefaultLibraries: true,
      pie: true,
    });
  });

  it('reads a static program', () => {
    const elf = readElf(source(buildElf({ type: 2 })));
    expect(elf.interpreter).toBeUndefined();
    expect(elf.needed).toEqual([]);
  });

  it('reads the program that runs this test', () => {
    const elf = readElf(source(readFileSync(process.execPath)));
    expect(elf.machine).toBe(62);
    expect(elf.needed).toContain('libc.so.6');
  });

  it.each([
    ['text', Buffer.from('hello, this is no program at all'), 'not an ELF file'],
    ['only the identity', program().subarray(0, 20), 'ends before the header'],
    ['half the program headers', program().subarray(0, 100), 'ends before the program headers'],
    ['no dynamic section', program({ needed: ['a'] }).subarray(0, 300), 'ends before'],
    ['32 bits', buildElf({ bits: 32, machine: 3 }), 'a 32-bit x86 (32-bit) program or library'],
    ['ARM64', buildElf({ machine: 183 }), 'a 64-bit ARM64 program or library'],
    ['an object file', buildElf({ type: 1 }), 'a 64-bit x86-64 object file'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readElf(source(bytes))).toThrow(message);
  });

  it('refuses a name outside the string table, and one without an end', () => {
    const bytes = library('libx.so', { needed: ['liby.so'] });
    const dynamic = bytes.length - 5 * 16;
    const outside = Buffer.from(bytes);
    outside.writeBigUInt64LE(0xffffn, dynamic + 8);
    expect(() => readElf(source(outside))).toThrow('outside its string table');
    const endless = Buffer.from(bytes);
    endless.writeBigUInt64LE(5n, dynamic + 3 * 16 + 8); // DT_STRSZ ends within the name
    endless.writeBigUInt64LE(1n, dynamic + 8);
    expect(() => readElf(source(endless))).toThrow('does not end');
  });

  it('gives a value or a LupineError for every mutation of real headers', () => {
    const samples = [program({ needed: ['a', 'b'], runpath: '/x' }), library('l', { rpath: '/y' })];
    samples.push(readFileSync('/bin/true'));
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(1023), fc.nat(255)), { minLength: 1, maxLength: 12 }),
        fc.option(fc.nat(2000)),
        (sample, changes, cut) => {
          const bytes = Buffer.from(sample);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          outcome(cut === null ? bytes : bytes.subarray(0, cut));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('gives a value or a LupineError for every eight-byte field set to an extreme', () => {
    const sample = program({ needed: ['a', 'b'], soname: 's', runpath: '/x' });
    const extremes = [0n, 1n, 0x7fffffffn, 0xffffffffn, 0x7fffffffffffffffn, 0xffffffffffffffffn];
    const outcomes = new Set<string>();
    for (let at = 0; at + 8 <= sample.length; at += 2) {
      for (const value of extremes) {
        const bytes = Buffer.from(sample);
        bytes.writeBigUInt64LE(value, at);
        outcomes.add(outcome(bytes));
      }
    }
    expect(outcomes).toEqual(new Set(['read', 'refused']));
  });

  it('gives a value or a LupineError for arbitrary bytes after the magic', () => {
    const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 512 }), (rest) => {
        outcome(Buffer.concat([magic, rest]));
      }),
    );
  });
});

describe('describeIdentity', () => {
  it('names what is unknown by number, and the byte order when it is odd', () => {
    const identity = { bits: 64, littleEndian: false, type: 9, machine: 4711 } as const;
    expect(describeIdentity(identity)).toBe('a 64-bit machine 4711 file of type 9, big-endian');
  });
});
