/** Two evaluations beside each other: what became better or worse from one to the other. */

import type { ExperimentResults, Metric, Results } from './results.js';
import { cellsOf, keyOf, type Cell } from './report/figures.js';
import { compare, holm, randomOf, type Comparison } from './statistics/index.js';

export interface Change {
  readonly experiment: string;
  readonly application?: string;
  readonly subject: string;
  readonly metric: Metric;
  readonly x?: number;
  readonly before: number;
  readonly after: number;
  /** Of the new to the old. */
  readonly comparison: Comparison;
  /** Holm's, over all comparisons that were tested. */
  readonly p?: number;
  readonly verdict: 'better' | 'worse' | 'changed' | 'same';
}

/** Figures that repeat exactly may differ so much without anything having changed. */
const TOLERANCE = 0.01;
const SIGNIFICANT = 0.05;
const SEED = 1;

/** What both have: the same experiment, application, kernel, metric and step. */
export function compareResults(before: Results, after: Results): Change[] {
  const random = randomOf(SEED);
  const old = new Map(before.experiments.map((one) => [nameOf(one), cellMap(one)]));
  const found = after.experiments.flatMap((experiment) => {
    const others = old.get(nameOf(experiment));
    if (others?.clock !== experiment.clock) return [];
    return cellsOf(experiment).flatMap((cell) => {
      const other = others.cells.get(keyOf(cell.subject, cell.metric, cell.x));
      const metric = experiment.metrics.find(({ name }) => name === cell.metric);
      if (other === undefined || metric === undefined) return [];
      const comparison = compare(cell.series, other.series, { paired: false, random });
      return [{ experiment, cell, other, metric, comparison }];
    });
  });
  const tested = found.filter(({ comparison }) => comparison.p !== undefined);
  const adjusted = holm(tested.map(({ comparison }) => comparison.p ?? 1));
  const probability = new Map(tested.map((one, index) => [one, adjusted[index] ?? 1]));
  return found.map((one): Change => {
    const { experiment, cell, other, metric, comparison } = one;
    const p = probability.get(one);
    return {
      experiment: experiment.name,
      ...(experiment.application === undefined ? {} : { application: experiment.application }),
      subject: cell.subject,
      metric,
      ...(cell.x === undefined ? {} : { x: cell.x }),
      before: other.median,
      after: cell.median,
      comparison,
      ...(p === undefined ? {} : { p }),
      verdict: verdictOf(comparison.ratio, p, metric.better),
    };
  });
}

/** Without a test (figures that repeat, or one run) the tolerance decides; with one, both do. */
function verdictOf(
  ratio: number,
  p: number | undefined,
  better: Metric['better'],
): Change['verdict'] {
  const within = Math.abs(ratio - 1) <= TOLERANCE || Number.isNaN(ratio);
  if (within || (p !== undefined && p > SIGNIFICANT)) return 'same';
  if (better === 'neither') return 'changed';
  return ratio < 1 === (better === 'lower') ? 'better' : 'worse';
}

function nameOf({ name, application }: ExperimentResults): string {
  return JSON.stringify([name, application ?? null]);
}

function cellMap(experiment: ExperimentResults): {
  readonly clock: string;
  readonly cells: ReadonlyMap<string, Cell>;
} {
  const cells = cellsOf(experiment).map(
    (cell) => [keyOf(cell.subject, cell.metric, cell.x), cell] as const,
  );
  return { clock: experiment.clock, cells: new Map(cells) };
}
