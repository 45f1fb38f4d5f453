import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMet, symbolsOf } from '../../../src/kernel/expression.js';

const values = new Map([
  ['A', 'y'],
  ['M', 'm'],
  ['S', 'text'],
]);

describe('isMet', () => {
  it.each([
    ['A', true],
    ['B', false],
    ['A && !B', true],
    ['B || (A && M)', true],
    ['!(A || B)', false],
    ['!M', true],
    ['S = "text"', true],
    ['S != "text"', false],
    ['A=y && M=m', true],
    ['B = n', true],
    ['$(cc-option,-O2)', undefined],
    ['A &&', undefined],
    ['(A', undefined],
    ['A B', undefined],
  ])('%s is %s', (expression, met) => {
    expect(isMet(expression, values)).toBe(met);
  });

  it('ends for any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect([true, false, undefined]).toContain(isMet(text, values));
      }),
    );
  });
});

describe('symbolsOf', () => {
  it('names each symbol once', () => {
    expect(symbolsOf('X86_64 && (NET || !X86_64) && S = "text" && y')).toEqual([
      'X86_64',
      'NET',
      'S',
    ]);
  });
});
