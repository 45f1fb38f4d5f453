import { describe, expect, test } from 'vitest';
import {
  compare,
  isConstant,
  median,
  medianInterval,
  quantile,
  randomOf,
  schedule,
  shuffled,
} from '../../../../src/evaluation/statistics/index.js';

const runs = [8.2, 9.1, 7.7, 10.4, 9.9, 8.8, 9.3, 30.0, 8.5, 9.0, 9.6, 8.9, 9.2, 9.4, 8.7];

function series(values: readonly number[]): Map<number, number> {
  return new Map(values.map((value, round) => [round, value]));
}

test('median and quantiles, as NumPy gives them', () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6];
  const expected = [1, 1, 1.75, 3.5, 6.9, 9];
  [0, 0.1, 0.25, 0.5, 0.9, 1].forEach((part, i) => {
    expect(quantile(values, part)).toBeCloseTo(expected[i] ?? NaN, 12);
  });
  expect(median([4])).toBe(4);
  expect(() => median([])).toThrow(RangeError);
  expect(isConstant([2, 2])).toBe(true);
  expect(isConstant([2, 2.1])).toBe(false);
});

describe('the interval of a median', () => {
  test('is that of scipy.stats.bootstrap, and an outlier does not move it', () => {
    // scipy 1.17, method percentile, 200,000 resamples: 8.7 to 9.4
    const { low, high } = medianInterval(runs, randomOf(1)) ?? { low: NaN, high: NaN };
    expect(low).toBeCloseTo(8.7, 1);
    expect(high).toBeCloseTo(9.4, 1);
    const wild = runs.map((value) => (value === 30 ? 3e6 : value));
    expect(medianInterval(wild, randomOf(1))).toEqual({ low, high });
  });

  test('is the same for the same seed', () => {
    expect(medianInterval(runs, randomOf(7))).toEqual(medianInterval(runs, randomOf(7)));
  });

  test('of one run does not exist, of equal runs is a point', () => {
    expect(medianInterval([5], randomOf(1))).toBeUndefined();
    expect(medianInterval([5, 5, 5], randomOf(1))).toEqual({ low: 5, high: 5 });
  });
});

describe('a comparison', () => {
  test('of one run each has a ratio, and claims no more', () => {
    const got = compare(series([1]), series([2]), { paired: true, random: randomOf(1) });
    expect(got).toEqual({ ratio: 0.5, delta: -1, repeatable: false });
  });

  test('of runs that repeat exactly needs no test', () => {
    const got = compare(series([3, 3, 3]), series([4, 4, 4]), {
      paired: true,
      random: randomOf(1),
    });
    expect(got.repeatable).toBe(true);
    expect(got.p).toBeUndefined();
    expect(got.interval).toEqual({ low: 0.75, high: 0.75 });
  });

  test('in pairs does not mind what disturbed both sides of a round', () => {
    const noise = [1, 4, 2, 9, 3, 7, 5, 1, 8, 2];
    const ours = series(noise.map((value) => value * 2));
    const others = series(noise.map((value) => value * 4));
    const random = () => randomOf(3);
    const paired = compare(ours, others, { paired: true, random: random() });
    const unpaired = compare(ours, others, { paired: false, random: random() });
    expect(paired.interval).toEqual({ low: 0.5, high: 0.5 });
    expect(unpaired.interval?.high).toBeGreaterThan(0.6);
  });

  test('leaves out rounds in which one side crashed, and only from the pairs', () => {
    const ours = new Map([
      [0, 2],
      [2, 4],
      [3, 5],
    ]);
    const got = compare(ours, series([4, 100, 8, 10]), { paired: true, random: randomOf(1) });
    expect(got.interval).toEqual({ low: 0.5, high: 0.5 });
    expect(got.ratio).toBeCloseTo(4 / 9, 12);
  });
});

describe('the schedule', () => {
  test('gives every subject one turn a round, and another order to most rounds', () => {
    const turns = schedule(['a', 'b', 'c'], 40, randomOf(5));
    const orders = Array.from({ length: 40 }, (_, round) =>
      turns.filter((turn) => turn.round === round).map(({ subject }) => subject),
    );
    for (const order of orders) expect([...order].sort()).toEqual(['a', 'b', 'c']);
    expect(new Set(orders.map((order) => order.join(''))).size).toBe(6);
    expect(schedule(['a', 'b', 'c'], 40, randomOf(5))).toEqual(turns);
  });

  test('shuffles without favour', () => {
    const random = randomOf(11);
    const first = { a: 0, b: 0, c: 0, d: 0 };
    for (let i = 0; i < 4000; i++) {
      const [winner] = shuffled(['a', 'b', 'c', 'd'] as const, random);
      if (winner !== undefined) first[winner]++;
    }
    // 1000 expected; 27 is a standard deviation
    for (const times of Object.values(first)) expect(Math.abs(times - 1000)).toBeLessThan(140);
  });
});
