/**
 * The test of Mann and Whitney (1947): would two groups of runs be ordered like this if they came
 * from one distribution? It asks for no normal distribution, and one wild run counts as one.
 *
 * Up to 80 runs the probability is exact, also with ties: of all ways to deal the ranks that there
 * are to the two groups, the part whose rank sum is as far from the middle as ours. With more runs it
 * is the normal approximation with corrections for ties and for continuity (Lehmann, 1975, chapter 1).
 */

export interface RankTest {
  /** Pairs in which the first group has the larger value; half of each tie. */
  readonly u: number;
  /** Two-sided. */
  readonly p: number;
  readonly exact: boolean;
}

const MOST_EXACT = 80;

/** @throws RangeError when a group is empty. */
export function rankTest(ours: readonly number[], others: readonly number[]): RankTest {
  if (ours.length === 0 || others.length === 0) throw new RangeError('no values');
  const ranks = doubledRanks([...ours, ...others]);
  const sum = ranks.slice(0, ours.length).reduce((total, rank) => total + rank, 0);
  const u = (sum - ours.length * (ours.length + 1)) / 2;
  const exact = ranks.length <= MOST_EXACT;
  const p = exact
    ? exactProbability(ranks, ours.length, sum)
    : normalProbability(ranks, ours.length, u);
  return { u, p: Math.min(1, p), exact };
}

/**
 * Cliff's delta (1993), the size of the effect: how much more often a value of the first group is the
 * larger of a pair than the smaller; from -1 (never) by 0 (as often) to 1 (always).
 */
export function cliffsDelta(ours: readonly number[], others: readonly number[]): number {
  const { u } = rankTest(ours, others);
  return (2 * u) / (ours.length * others.length) - 1;
}

/**
 * Adjusts the probabilities of a family of tests so that the chance of one false alarm among all of
 * them stays what it says (Holm, 1979). In the order given.
 */
export function holm(probabilities: readonly number[]): number[] {
  const order = probabilities.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted = new Array<number>(probabilities.length).fill(1);
  let highest = 0;
  order.forEach(({ p, index }, rank) => {
    highest = Math.max(highest, Math.min(1, p * (order.length - rank)));
    adjusted[index] = highest;
  });
  return adjusted;
}

/** Twice the rank of each value, which is whole also where tied values share a mean rank. */
function doubledRanks(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  sorted.forEach((value, index) => {
    if (!first.has(value)) first.set(value, index + 1);
    last.set(value, index + 1);
  });
  return values.map((value) => (first.get(value) ?? 0) + (last.get(value) ?? 0));
}

/** Counts, for each number of ranks and each sum, in how many ways that many ranks have that sum. */
function exactProbability(ranks: readonly number[], size: number, sum: number): number {
  const total = ranks.reduce((all, rank) => all + rank, 0);
  const ways = Array.from({ length: size + 1 }, () => new Float64Array(total + 1));
  const at = (count: number) => ways[count] ?? new Float64Array();
  at(0)[0] = 1;
  let reached = 0;
  for (const rank of ranks) {
    reached += rank;
    for (let count = size; count > 0; count--) {
      const [from, to] = [at(count - 1), at(count)];
      for (let s = reached; s >= rank; s--) to[s] = (to[s] ?? 0) + (from[s - rank] ?? 0);
    }
  }
  const middle = (total * size) / ranks.length;
  const distance = Math.abs(sum - middle);
  let all = 0;
  let asFar = 0;
  at(size).forEach((count, s) => {
    all += count;
    // Sums are whole; the middle may be a fraction that is not exact in binary.
    if (Math.abs(s - middle) >= distance - 1e-9) asFar += count;
  });
  return asFar / all;
}

function normalProbability(ranks: readonly number[], size: number, u: number): number {
  const n = ranks.length;
  const other = n - size;
  const ties = new Map<number, number>();
  for (const rank of ranks) ties.set(rank, (ties.get(rank) ?? 0) + 1);
  const tied = [...ties.values()].reduce((total, t) => total + t ** 3 - t, 0);
  const variance = ((size * other) / 12) * (n + 1 - tied / (n * (n - 1)));
  if (variance === 0) return 1;
  const distance = Math.max(0, Math.abs(u - (size * other) / 2) - 0.5);
  return 2 * upperTail(distance / Math.sqrt(variance));
}

/**
 * The part of the standard normal distribution above z >= 0: Abramowitz and Stegun, 26.2.17; the error
 * is below 7.5e-8.
 */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const series = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153];
  const sum = series.reduce((value, coefficient) => (value + coefficient) * t, 0);
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}
