/** Two series of runs beside each other, with everything a reader needs to judge the difference. */

import { ratioInterval, unpairedRatioInterval, type Interval } from './bootstrap.js';
import type { Random } from './random.js';
import { cliffsDelta, rankTest } from './rank-test.js';
import { isConstant, median } from './summary.js';

/** The runs of one subject by their round; of a crashed run there is none. */
export type Series = ReadonlyMap<number, number>;

export interface Comparison {
  /** Of the medians: 0.5 where ours is half of the reference. */
  readonly ratio: number;
  readonly interval?: Interval;
  /** Cliff's delta. */
  readonly delta: number;
  /**
   * Two-sided, by ranks. Absent where a test would mislead: with one run on a side, or when the runs
   * of each side are all the same and the difference is simply what it is.
   */
  readonly p?: number;
  /** Each side gave the same in all its runs (and there were several). */
  readonly repeatable: boolean;
}

/**
 * @param paired the rounds of both are the same: measured in turns, in one evaluation.
 * @throws RangeError when a side has no run.
 */
export function compare(
  ours: Series,
  reference: Series,
  options: { readonly paired: boolean; readonly random: Random },
): Comparison {
  const [a, b] = [[...ours.values()], [...reference.values()]];
  const several = a.length > 1 && b.length > 1;
  const repeatable = several && isConstant(a) && isConstant(b);
  const interval = options.paired
    ? ratioInterval(pairsOf(ours, reference), options.random)
    : unpairedRatioInterval(a, b, options.random);
  return {
    ratio: median(a) / median(b),
    ...(interval === undefined ? {} : { interval }),
    delta: cliffsDelta(a, b),
    ...(several && !repeatable ? { p: rankTest(a, b).p } : {}),
    repeatable,
  };
}

function pairsOf(ours: Series, reference: Series): [number, number][] {
  return [...ours].flatMap(([round, value]) => {
    const other = reference.get(round);
    return other === undefined ? [] : [[value, other] as [number, number]];
  });
}
