import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cliffsDelta, holm, rankTest } from '../../../../src/evaluation/statistics/index.js';

describe('the rank test', () => {
  test('agrees with Hollander and Wolfe (1973), p. 69: permeability of membranes', () => {
    const term = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const weeks12 = [1.15, 0.88, 0.9, 0.74, 1.21];
    const { u, p, exact } = rankTest(term, weeks12);
    expect(u).toBe(35);
    expect(exact).toBe(true);
    expect(p).toBeCloseTo(0.2544122544122544, 12); // scipy 1.17, method exact
  });

  // Ties: enumerated over all ways to deal the mean ranks (scipy.stats.rankdata, itertools).
  test.each([
    { a: [1, 2, 3], b: [4, 5, 6], u: 0, p: 0.1 },
    { a: [1, 2, 2, 3], b: [2, 3, 4, 4, 5], u: 2.5, p: 0.0873015873015873 },
    {
      a: [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3],
      b: [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29],
      u: 58,
      p: 0.12990538872891813,
    },
    { a: [5, 5, 5], b: [5, 5, 5], u: 4.5, p: 1 },
    { a: [1, 1, 1, 1, 1], b: [2, 2, 2, 2, 1000], u: 0, p: 2 / 252 },
    { a: [7], b: [3, 4, 9], u: 2, p: 1 },
  ])('is exact with ties, outliers and one run: $a against $b', ({ a, b, u, p }) => {
    expect(rankTest(a, b).u).toBe(u);
    expect(rankTest(a, b).p).toBeCloseTo(p, 12);
  });

  test('of many runs is the corrected normal approximation', () => {
    const a = Array.from({ length: 120 }, (_, i) => (i * 37) % 50);
    const b = Array.from({ length: 130 }, (_, i) => (i * 53) % 60);
    const { u, p, exact } = rankTest(a, b);
    expect(exact).toBe(false);
    expect(u).toBe(6508);
    expect(p).toBeCloseTo(0.02374205745415247, 6); // scipy 1.17, method asymptotic
    const same = Array.from({ length: 150 }, () => 1);
    expect(rankTest(same, same).p).toBe(1);
  });

  test('the exact and the approximate answer meet', () => {
    const exact = Array.from({ length: 40 }, (_, i) => (i * 37) % 50);
    const other = Array.from({ length: 40 }, (_, i) => ((i * 53) % 50) + 3);
    const more = [...exact, 25];
    expect(rankTest(exact, other).exact).toBe(true);
    expect(rankTest(more, other).exact).toBe(false);
    expect(Math.abs(rankTest(exact, other).p - rankTest(more, other).p)).toBeLessThan(0.02);
  });

  test('does not depend on the sides, nor on the scale', () => {
    const runs = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(runs, runs, (a, b) => {
        const { u, p } = rankTest(a, b);
        const turned = rankTest(b, a);
        expect(turned.p).toBeCloseTo(p, 12);
        expect(u + turned.u).toBe(a.length * b.length);
        expect(rankTest(a.map(Math.exp), b.map(Math.exp)).p).toBeCloseTo(p, 12);
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('needs values', () => {
    expect(() => rankTest([], [1])).toThrow(RangeError);
  });
});

test("Cliff's delta", () => {
  expect(cliffsDelta([1, 2], [3, 4])).toBe(-1);
  expect(cliffsDelta([3, 4], [1, 2])).toBe(1);
  expect(cliffsDelta([1, 2], [1, 2])).toBe(0);
  expect(cliffsDelta([1, 2, 2, 3], [2, 3, 4, 4, 5])).toBe(-0.75);
});

test("Holm's adjustment, as R's p.adjust gives it", () => {
  const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
  [0.03, 0.06, 0.06, 0.02].forEach((p, i) => expect(adjusted[i]).toBeCloseTo(p, 12));
  expect(holm([0.5, 0.9])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
});
