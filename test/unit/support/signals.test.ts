import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseSignal } from '../../../src/support/signals.js';

it.each([
  ['TERM', 15],
  ['SIGTERM', 15],
  ['sigkill', 9],
  ['usr1', 10],
  ['1', 1],
  ['64', 64],
  ['RTMIN', 34],
  ['RTMIN+3', 37],
  ['SIGRTMAX-1', 63],
  ['RTMIN-1', undefined],
  ['0', undefined],
  ['65', undefined],
  ['', undefined],
  ['NONE', undefined],
  ['TERM ', undefined],
  ['toString', undefined],
])('%s', (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

it('is a number from 1 to 64, or nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^(SIG)?[A-Z0-9+-]{1,8}$/)), (text) => {
      const number = parseSignal(text) ?? 1;
      return Number.isInteger(number) && number >= 1 && number <= 64;
    }),
  );
});
