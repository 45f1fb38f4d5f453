/** The results of one experiment as figures to show: medians with their intervals, and comparisons. */

import type { ExperimentResults, Metric, Run } from '../results.js';
import {
  compare,
  median,
  medianInterval,
  randomOf,
  type Comparison,
  type Interval,
  type Series,
} from '../statistics/index.js';

/** What one subject has of one metric, for one value of its axis. */
export interface Cell {
  readonly subject: string;
  readonly metric: string;
  readonly x?: number;
  readonly series: Series;
  readonly median: number;
  readonly interval?: Interval;
  /** With the baseline's; absent for the baseline, and where that has no value. */
  readonly comparison?: Comparison;
}

/** Of resampling: the same results always give the same intervals. */
const SEED = 1;

/** All cells, in the order of metrics, their axis and subjects. */
export function cellsOf(experiment: ExperimentResults): Cell[] {
  const values = seriesOf(experiment);
  const random = randomOf(SEED);
  return experiment.metrics.flatMap(({ name: metric }) =>
    axisValues(experiment.runs, metric).flatMap((x) =>
      experiment.subjects.flatMap(({ name: subject }): Cell[] => {
        const series = values.get(keyOf(subject, metric, x));
        if (series === undefined) return [];
        const reference = values.get(keyOf(experiment.baseline ?? '', metric, x));
        const runs = [...series.values()];
        const interval = medianInterval(runs, random);
        return [
          {
            subject,
            metric,
            ...(x === undefined ? {} : { x }),
            series,
            median: median(runs),
            ...(interval === undefined ? {} : { interval }),
            ...(reference === undefined || subject === experiment.baseline
              ? {}
              : { comparison: compare(series, reference, { paired: true, random }) }),
          },
        ];
      }),
    ),
  );
}

function axisValues(runs: readonly Run[], metric: string): (number | undefined)[] {
  const found = new Set<number | undefined>();
  for (const { outcome } of runs) {
    if (outcome.kind !== 'measured') continue;
    for (const value of outcome.values) if (value.metric === metric) found.add(value.x);
  }
  return [...found].sort((a, b) => (a ?? 0) - (b ?? 0));
}

function seriesOf({ runs }: ExperimentResults): Map<string, Map<number, number>> {
  const series = new Map<string, Map<number, number>>();
  for (const { subject, round, outcome } of runs) {
    if (outcome.kind !== 'measured') continue;
    for (const { metric, x, value } of outcome.values) {
      const key = keyOf(subject, metric, x);
      const rounds = series.get(key) ?? new Map<number, number>();
      rounds.set(round, value);
      series.set(key, rounds);
    }
  }
  return series;
}

export function keyOf(subject: string, metric: string, x: number | undefined): string {
  return JSON.stringify([subject, metric, x ?? null]);
}

export interface Crash {
  readonly subject: string;
  readonly round: number;
  readonly reason: string;
}

/** Every run without figures. */
export function crashesOf({ runs }: ExperimentResults): Crash[] {
  return runs.flatMap(({ subject, round, outcome }) =>
    outcome.kind === 'crashed' ? [{ subject, round, reason: outcome.reason }] : [],
  );
}

/** What subjects cannot do, by the metric. */
export function lacksOf({ runs }: ExperimentResults): ReadonlySet<string> {
  const lacks = new Set<string>();
  for (const { subject, outcome } of runs) {
    if (outcome.kind !== 'measured') continue;
    for (const metric of outcome.lacks) lacks.add(keyOf(subject, metric, undefined));
  }
  return lacks;
}

/** How a value came about: for every figure and table. */
export function clockNote({ clock, runs }: ExperimentResults): string {
  const rounds = new Set(runs.map(({ round }) => round)).size;
  const times = rounds === 1 ? 'one run each' : `median of ${rounds} runs each`;
  switch (clock) {
    case 'instructions':
      return `${times}; guest instructions counted under TCG: no caches, no VM exits, not time`;
    case 'time':
      return `${times}, with 95 % bootstrap intervals; time of the guest's clock`;
    case 'none':
      return times;
  }
}

/** Four digits are enough; whole numbers keep theirs. */
export function formatNumber(value: number): string {
  const digits =
    Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 };
  return new Intl.NumberFormat('en-GB', digits).format(value);
}

/** `1,234 (1,200–1,250)`; without the interval where all runs were the same. */
export function formatCell({ median: middle, interval }: Cell): string {
  const text = formatNumber(middle);
  if (interval === undefined || interval.low === interval.high) return text;
  return `${text} (${formatNumber(interval.low)}–${formatNumber(interval.high)})`;
}

/** `0.52 ×`, with the interval and what the test says where these say anything. */
export function formatComparison({ ratio, interval, p, repeatable }: Comparison): string {
  const text = `${ratio.toFixed(3)} ×`;
  if (repeatable || interval === undefined) return text;
  const test = p === undefined ? '' : `, p ${p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`}`;
  return `${text} (${interval.low.toFixed(3)}–${interval.high.toFixed(3)}${test})`;
}

/** `instructions, lower is better` */
export function unitNote({ unit, better }: Pick<Metric, 'unit' | 'better'>): string {
  return better === 'neither' ? unit : `${unit}, ${better} is better`;
}
