import { expect, test } from 'vitest';
import { measureSections } from '../../../src/kernel/report.js';
import { measureSymbols } from '../../../src/kernel/symbols.js';
import { A, W, X, elf } from './elf-file.js';

const start = 0xffffffff80200000n;

const kernel = elf([
  { name: '.text', flags: A | X, address: start, size: 0x1000 },
  { name: '.rodata', flags: A, address: start + 0x1001n, size: 0x103 },
  { name: '.init.text', flags: A | X, address: start + 0x2000n, size: 0x40 },
  { name: '.data..percpu', flags: A | W, address: start + 0x2040n, size: 0 },
  { name: '.bss', flags: A | W, address: start + 0x3000n, size: 0x30, nobits: true },
  { name: '.comment', flags: 0, address: 0, size: 1000 },
]);

const map = `0000000000200123 A phys_startup_64
ffffffff80200000 T _stext
ffffffff80200000 T _text
ffffffff80200000 t pvh_start_xen
ffffffff80200010 T startup_64
ffffffff80201001 d table
ffffffff80202000 T __init_begin
ffffffff80202008 t setup
ffffffff80203000 R __init_end
ffffffff80203010 b once.0
ffffffff80203020 b once.0
`;

test('symbols reach to the next one of their section', () => {
  expect(measureSymbols(kernel, map)).toEqual([
    { name: 'startup_64', aliases: [], section: '.text', kind: 'text', bytes: 0xff0 },
    { name: 'table', aliases: [], section: '.rodata', kind: 'rodata', bytes: 0x103 },
    { name: 'setup', aliases: [], section: '.init.text', kind: 'init', bytes: 0x38 },
    { name: '__init_end', aliases: [], section: '.bss', kind: 'bss', bytes: 0x10 },
    { name: 'once.0', aliases: [], section: '.bss', kind: 'bss', bytes: 0x10 },
    { name: 'once.0', aliases: [], section: '.bss', kind: 'bss', bytes: 0x10 },
    {
      name: 'pvh_start_xen',
      aliases: ['_stext', '_text'],
      ...{ section: '.text', kind: 'text', bytes: 0x10 },
    },
    { name: '__init_begin', aliases: [], section: '.init.text', kind: 'init', bytes: 8 },
  ]);
});

test('all of them are all of the kernel, also what none stands before', () => {
  const part = map.replace(/.* table\n/, '');
  const symbols = measureSymbols(kernel, part);
  expect(symbols).toContainEqual({
    name: null,
    aliases: [],
    ...{ section: '.rodata', kind: 'rodata', bytes: 0x103 },
  });
  const sections = Object.values<number>({ ...measureSections(kernel, part) });
  expect(symbols.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(
    sections.reduce((sum, bytes) => sum + bytes, 0),
  );
});
