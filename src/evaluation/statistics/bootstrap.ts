/**
 * Bootstrap intervals by the percentile method (Efron and Tibshirani, 1993, chapter 13): the runs are
 * drawn again with replacement many times, and the middle 95 % of what comes out is the interval.
 */

import type { Random } from './random.js';
import { median, quantile } from './summary.js';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2_000;
const CONFIDENCE = 0.95;

/** Of the median. Undefined for fewer than two values: one run says nothing about the next. */
export function medianInterval(values: readonly number[], random: Random): Interval | undefined {
  if (values.length < 2) return undefined;
  return percentiles(() => median(resample(values, random)));
}

/**
 * Of the ratio of two medians.
 * @param pairs runs of one round: what disturbed a round disturbed both. They are drawn together.
 */
export function ratioInterval(
  pairs: readonly (readonly [number, number])[],
  random: Random,
): Interval | undefined {
  if (pairs.length < 2) return undefined;
  return percentiles(() => {
    const drawn = resample(pairs, random);
    return median(drawn.map(([ours]) => ours)) / median(drawn.map(([, other]) => other));
  });
}

/** The same of runs that have nothing to do with each other: each side is drawn by itself. */
export function unpairedRatioInterval(
  ours: readonly number[],
  others: readonly number[],
  random: Random,
): Interval | undefined {
  if (ours.length < 2 || others.length < 2) return undefined;
  return percentiles(() => median(resample(ours, random)) / median(resample(others, random)));
}

function percentiles(draw: () => number): Interval {
  const drawn = Array.from({ length: RESAMPLES }, draw);
  const tail = (1 - CONFIDENCE) / 2;
  return { low: quantile(drawn, tail), high: quantile(drawn, 1 - tail) };
}

function resample<T>(values: readonly T[], random: Random): T[] {
  return values.map((value) => values[random(values.length)] ?? value);
}
