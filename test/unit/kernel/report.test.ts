import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSections } from '../../../src/kernel/elf.js';
import { countOptions, hasPvhEntry, measureSections } from '../../../src/kernel/report.js';
import { A, W, X, elf } from './elf-file.js';

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

  it('tells addresses apart that a number would round', () => {
    const file = elf([
      { name: '.data', flags: A | W, address: 0xffffffff80001010n, size: 30 },
      { name: '.init.data', flags: A | W, address: 0xffffffff80001040n, size: 40 },
    ]);
    const map = 'ffffffff80001040 D __init_begin\nffffffff80002000 R __init_end\n';
    expect(measureSections(file, map)).toMatchObject({ data: 30, init: 40 });
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
