import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, ratio, summarise } from '../../../src/bench/statistics.js';

describe('median', () => {
  it('is the value in the middle, whatever the order', () => {
    expect(median([7])).toBe(7);
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 9, 100])).toBe(10);
  });

  it('is the mean of the two in the middle of an even number', () => {
    expect(median([4, 1])).toBe(2.5);
    expect(median([1, 100, 3, 2])).toBe(2.5);
  });

  it('leaves its input as it is', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('has as many values below as above', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  it('does not exist without values', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('summarise', () => {
  it('gives count, median and extremes', () => {
    expect(summarise([30, 10, 20, 1000])).toEqual({ runs: 4, median: 25, min: 10, max: 1000 });
  });
});

describe('ratio', () => {
  it('is that of the medians, so one slow run changes nothing', () => {
    expect(ratio([10, 20, 5000], [40, 40, 40])).toBe(0.5);
    expect(ratio([3], [2])).toBe(1.5);
  });
});
