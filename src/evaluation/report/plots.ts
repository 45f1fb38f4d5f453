/**
 * Figures as SVG, by Observable Plot on a light DOM: no browser is needed. Colours name kernels (or
 * parts of a stack), lines across bars are the bootstrap intervals.
 */

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { ExperimentResults, Figure, Metric } from '../results.js';
import { unitNote, type Cell } from './figures.js';

/** What is needed of the DOM, whose types belong to browsers and are not in this program. */
const draw = Plot.plot as unknown as (
  options: Plot.PlotOptions & { readonly document: unknown },
) => { readonly outerHTML: string };
const openPage = parseHTML as unknown as (html: string) => { readonly document: unknown };

const WIDTH = 760;
const LEFT = 150;
const BAR = 22;
/** Room for ticks and, below them, the label. */
const BOTTOM = 42;

interface Mark {
  readonly subject: string;
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly x: number;
}

/** @returns markup of one figure; undefined where there is nothing to draw. */
export function drawFigure(
  experiment: ExperimentResults,
  figure: Figure,
  cells: readonly Cell[],
): string | undefined {
  const metrics = figure.metrics.flatMap((name) =>
    experiment.metrics.filter((metric) => metric.name === name),
  );
  const wanted = cells.filter(({ metric }) => figure.metrics.includes(metric));
  const [first] = metrics;
  if (first === undefined || wanted.length === 0) return undefined;
  const marks = marksOf(wanted, metrics, figure.kind === 'relative');
  const subjects = experiment.subjects
    .map(({ name }) => name)
    .filter((name) => marks.some(({ subject }) => subject === name));
  const { document } = openPage('<!doctype html><html><body></body></html>');
  const options = optionsOf(figure.kind, marks, subjects, first);
  return draw({
    ...options,
    document,
    width: WIDTH,
    marginBottom: BOTTOM,
    ariaLabel: figure.title,
    style: { fontSize: '12px', background: 'none' },
  }).outerHTML;
}

function marksOf(cells: readonly Cell[], metrics: readonly Metric[], relative: boolean): Mark[] {
  return cells.flatMap(({ subject, metric, x = 0, median, interval, comparison }) => {
    const label = metrics.find(({ name }) => name === metric)?.label ?? metric;
    // The baseline is its own measure.
    const value = relative ? (comparison?.ratio ?? 1) : median;
    const around = relative ? comparison?.interval : interval;
    const { low, high } = around ?? { low: value, high: value };
    return [{ subject, label, value, low, high, x }];
  });
}

function optionsOf(
  kind: Figure['kind'],
  marks: readonly Mark[],
  subjects: readonly string[],
  metric: Metric,
): Plot.PlotOptions {
  const labels = [...new Set(marks.map(({ label }) => label))];
  switch (kind) {
    case 'bars':
      return bars(marks, subjects, labels, unitNote(metric));
    case 'relative':
      return bars(marks, subjects, labels, `part of the baseline, ${metric.better} is better`, 1);
    case 'stack':
      return stack(marks, subjects, labels, unitNote(metric));
    case 'lines':
      return lines(marks, subjects, labels, metric);
  }
}

/** A group of bars for each metric, in it one for each subject. */
function bars(
  marks: readonly Mark[],
  subjects: readonly string[],
  labels: readonly string[],
  unit: string,
  rule = 0,
): Plot.PlotOptions {
  const several = labels.length > 1;
  const group = several ? { fy: 'label' } : {};
  return {
    height: labels.length * (subjects.length * BAR + 12) + 60,
    marginLeft: LEFT,
    marginRight: several ? 250 : 60,
    x: { label: unit, grid: true, zero: true, tickFormat: 's', nice: true },
    y: { domain: subjects, label: null },
    ...(several ? { fy: { domain: labels, label: null, padding: 0.15 } } : {}),
    color: { domain: subjects },
    marks: [
      Plot.barX(marks, { y: 'subject', x: 'value', fill: 'subject', ...group }),
      Plot.ruleY(
        marks.filter(({ low, high }) => low < high),
        { y: 'subject', x1: 'low', x2: 'high', strokeWidth: 1.5, ...group },
      ),
      Plot.ruleX([rule], rule === 0 ? {} : { strokeDasharray: '4 3' }),
    ],
  };
}

/** A bar for each subject, of one part for each metric. */
function stack(
  marks: readonly Mark[],
  subjects: readonly string[],
  labels: readonly string[],
  unit: string,
): Plot.PlotOptions {
  return {
    height: subjects.length * (BAR + 10) + 60,
    marginLeft: LEFT,
    x: { label: unit, grid: true, tickFormat: 's' },
    y: { domain: subjects, label: null },
    color: { domain: labels, legend: true, scheme: 'Paired' },
    marks: [Plot.barX(marks, { y: 'subject', x: 'value', fill: 'label' }), Plot.ruleX([0])],
  };
}

/** A panel for each metric, in it a line for each subject. */
function lines(
  marks: readonly Mark[],
  subjects: readonly string[],
  labels: readonly string[],
  metric: Metric,
): Plot.PlotOptions {
  const group = labels.length > 1 ? { fy: 'label' } : {};
  const steps = [...new Set(marks.map(({ x }) => x))].sort((a, b) => a - b);
  // Powers of two, and zero before them: equal steps show them all, a logarithm has no zero.
  const scale = metric.axis?.scale === 'log' ? { type: 'point' as const, domain: steps } : {};
  return {
    height: labels.length * 190 + 60,
    marginLeft: 70,
    marginRight: labels.length > 1 ? 200 : 40,
    x: { ...scale, label: metric.axis?.label ?? null },
    y: { label: unitNote(metric), grid: true, zero: true, tickFormat: 's' },
    ...(labels.length > 1 ? { fy: { domain: labels, label: null } } : {}),
    color: { domain: subjects, legend: subjects.length > 1 },
    marks: [
      Plot.ruleX(
        marks.filter(({ low, high }) => low < high),
        { x: 'x', y1: 'low', y2: 'high', stroke: 'subject', ...group },
      ),
      Plot.lineY(marks, { x: 'x', y: 'value', stroke: 'subject', marker: 'dot', ...group }),
      Plot.ruleY([0]),
    ],
  };
}
