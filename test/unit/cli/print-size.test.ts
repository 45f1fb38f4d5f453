import { describe, expect, test } from 'vitest';
import { describeCost, formatSizeChanges, formatSizes } from '../../../src/cli/print-size.js';
import { style } from '../../../src/cli/style.js';
import type { Cost } from '../../../src/kernel/index.js';
import { kernel } from './size-fixture.js';

const plain = style(false);

function cost(name: string | null, text: number, bss: number, objects = 1): Cost {
  const sizes = { text, rodata: 0, data: 0, init: 0, bss };
  return { name, bytes: text + bss, sizes, objects };
}

const costs = [cost('NET', 12_345, 0, 3), cost(null, 900, 99, 2), cost('EPOLL', 500, 0)];

describe('what a kernel takes, as text', () => {
  test('is a table below what is known of the whole', () => {
    expect(formatSizes(kernel, { by: 'option', rows: costs }, 0, plain))
      .toBe(`redis  Linux 6.12.1, 467 options
Files      ELF 3.9 MB, bzImage 1.8 MB
In memory  text 2.7 MB, rodata 400.0 kB, data 300 B, bss 5 B, init 40 B

OPTION               TOTAL     TEXT  RODATA  DATA   BSS  INIT  OBJECTS
NET                12.3 kB  12.3 kB     0 B   0 B   0 B   0 B        3
(in every kernel)    999 B    900 B     0 B   0 B  99 B   0 B        2
EPOLL                500 B    500 B     0 B   0 B   0 B   0 B        1
total              13.8 kB  13.7 kB     0 B   0 B  99 B   0 B        6
Sizes of the objects before the link; init is given back after boot.
`);
  });

  test('counts in one row what the limit leaves out', () => {
    const text = formatSizes(kernel, { by: 'object', rows: costs }, 1, plain);
    const rows = text.split('\n').slice(4, -2);
    expect(rows.map((row) => row.split(/ {2,}/).slice(0, 2))).toEqual([
      ['OBJECT', 'TOTAL'],
      ['NET', '12.3 kB'],
      ['(2 more)', '1.5 kB'],
      ['total', '13.8 kB'],
    ]);
  });

  test('by symbol says where each is', () => {
    const symbols = [
      { name: 'table', aliases: [], section: '.rodata', kind: 'rodata' as const, bytes: 138_176 },
      { name: null, aliases: [], section: '.notes', kind: 'rodata' as const, bytes: 136 },
    ];
    const lines = formatSizes(kernel, { by: 'symbol', rows: symbols }, 0, plain).split('\n');
    expect(lines.slice(4, -2)).toEqual([
      '    SIZE  KIND    SECTION  SYMBOL',
      '138.2 kB  rodata  .rodata  table',
      '   136 B  rodata  .notes   (no symbol)',
      '138.3 kB                   total',
    ]);
  });
});

test('two kernels as text: what one does not have, and what is alike', () => {
  const after = {
    ...kernel,
    label: 'app:redis+tiny',
    report: { ...kernel.report, elfBytes: 3_000_000 },
  };
  const rows = [
    { name: 'INET', after: 2_000, difference: 2_000 },
    { name: 'NET', before: 1_500, after: 250, difference: -1_250 },
    { name: 'EPOLL', before: 7, difference: -7 },
    { name: null, before: 50, after: 50, difference: 0 },
    { name: 'TTY', before: 1, after: 1, difference: 0 },
  ];
  expect(formatSizeChanges({ before: kernel, after, by: 'option', rows }, 2, plain))
    .toBe(`A  redis  Linux 6.12.1, 467 options
B  app:redis+tiny  Linux 6.12.1, 467 options

FILE          A       B      B − A
ELF      3.9 MB  3.0 MB  -885.5 kB
bzImage  1.8 MB  1.8 MB        0 B

OPTION          A       B    B − A
INET            -  2.0 kB  +2.0 kB
NET        1.5 kB   250 B  -1.3 kB
(1 more)      7 B     0 B     -7 B
(2 alike)    51 B    51 B      0 B
total      1.6 kB  2.3 kB   +743 B
Sizes of the objects before the link; init is given back after boot.
`);
});

test('a cost as a clause', () => {
  expect(describeCost(cost('NET', 12_345, 40, 3))).toBe(
    '12.4 kB in 3 objects (text 12.3 kB, bss 40 B)',
  );
  expect(describeCost(cost('NET', 1, 0))).toBe('1 B in 1 object (text 1 B)');
  expect(describeCost(cost('NET', 0, 0))).toBe('0 B in 1 object');
  expect(describeCost(cost('NET', 0, 0, 0))).toMatch(/^no object of its own/);
});
