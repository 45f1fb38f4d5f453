import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSections } from '../../../src/kernel/elf.js';
import { countOptions, hasPvhEntry, measureSections } from '../../../src/kernel/report.js';

interface Piece {
  readonly name: string;
  readonly flags: number;
  readonly address: number;
  readonly size: number;
  readonly nobits?: boolean;
  readonly content?: Buffer;
}

const W = 1;
const A = 2;
const X = 4;

/** A file with nothing but a header, section contents and section headers. */
function elf(pieces: readonly Piece[]): Buffer {
  const names = Buffer.from(`\0${[...pieces.map(({ name }) => name), '.shstrtab'].join('\0')}\0`);
  const parts: Buffer[] = [Buffer.alloc(64), names];
  let end = 64 + names.length;
  const headers = pieces.map(({ name, flags, address, size, nobits, content }) => {
    const header = sectionHeader(
      names.indexOf(`${name}\0`),
      nobits === true ? 8 : 1,
      flags,
      address,
      end,
      size,
    );
    if (content !== undefined) {
      parts.push(content);
      end += content.length;
    }
    return header;
  });
  const table = [
    Buffer.alloc(64),
    ...headers,
    sectionHeader(names.indexOf('.shstrtab'), 3, 0, 0, 64, names.length),
  ];
  const head = parts[0] ?? Buffer.alloc(0);
  head.writeUInt32BE(0x7f454c46, 0);
  head.set([2, 1], 4);
  head.writeBigUInt64LE(BigInt(end), 40);
  head.writeUInt16LE(table.length, 60);
  head.writeUInt16LE(table.length - 1, 62);
  return Buffer.concat([...parts, ...table]);
}

function sectionHeader(
  name: number,
  type: number,
  flags: number,
  address: number,
  offset: number,
  size: number,
): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32LE(name, 0);
  header.writeUInt32LE(type, 4);
  [flags, address, offset, size].forEach((value, index) =>
    header.writeBigUInt64LE(BigInt(value), 8 + index * 8),
  );
  return header;
}

function note(owner: string, type: number): Buffer {
  const name = Buffer.alloc((owner.length + 4) & ~3);
  name.write(owner);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(owner.length + 1, 0);
  head.writeUInt32LE(4, 4);
  head.writeUInt32LE(type, 8);
  return Buffer.concat([head, name, Buffer.alloc(4)]);
}

const notes = Buffer.concat([note('GNU', 3), note('Xen', 18)]);

const kernel = elf([
  { name: '.text', flags: A | X, address: 0x1000, size: 100 },
  { name: '.rodata', flags: A | W, address: 0x2000, size: 20 },
  { name: '.notes', flags: A, address: 0x2100, size: notes.length, content: notes },
  { name: '.data', flags: A | W, address: 0x3000, size: 30 },
  { name: '.init.text', flags: A | X, address: 0x4000, size: 40 },
  { name: '.altinstructions', flags: A, address: 0x4100, size: 2 },
  { name: '.bss', flags: A | W, address: 0x5000, size: 50, nobits: true },
  { name: '.brk', flags: A | W, address: 0x6000, size: 5, nobits: true },
  { name: '.comment', flags: 0, address: 0, size: 1000 },
]);
const symbols = '0000000000004000 D __init_begin\n0000000000005000 R __init_end\n';

describe('measureSections', () => {
  it('sorts what runs by what it is for', () => {
    expect(measureSections(kernel, symbols)).toEqual({
      text: 100,
      rodata: 20 + notes.length,
      data: 30,
      init: 42,
      bss: 55,
    });
  });
});

describe('hasPvhEntry', () => {
  it('finds the note among others', () => {
    expect(hasPvhEntry(kernel)).toBe(true);
    const other = note('Xen', 6);
    expect(
      hasPvhEntry(
        elf([{ name: '.notes', flags: A, address: 0, size: other.length, content: other }]),
      ),
    ).toBe(false);
    expect(hasPvhEntry(elf([]))).toBe(false);
  });
});

describe('countOptions', () => {
  it('counts what is y', () => {
    expect(
      countOptions('CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=m\nCONFIG_D="y"\nCONFIG_E=y\n'),
    ).toBe(2);
  });
});

describe('readSections', () => {
  it('refuses what is no ELF file', () => {
    expect(() => readSections(Buffer.from('#!/bin/sh'))).toThrow('not a 64-bit');
  });

  it('ends for any damage', () => {
    fc.assert(
      fc.property(fc.nat(kernel.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(kernel);
        damaged[at] = byte;
        try {
          hasPvhEntry(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
