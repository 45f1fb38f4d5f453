/** What experiments found, as text for people. */

import { formatTable } from '../support/table.js';
import type { Machine } from './machine.js';
import { ratio, summarise } from './statistics.js';
import type { Experiment, Finding, Outcome, Series } from './types.js';

export function describeMachine(machine: Machine): string {
  const { cpus, cpu, memoryMiB, kernel, node, load } = machine;
  const loads = load.map((value) => value.toFixed(1)).join(' ');
  return `${cpus} CPUs (${cpu}), ${memoryMiB} MiB, Linux ${kernel}, Node ${node}, load average ${loads}\n`;
}

/** A table of medians with their spread, then every run. */
export function describeOutcome(
  { name, description }: Pick<Experiment, 'name' | 'description'>,
  { findings, notes }: Outcome,
): string {
  const table = formatTable(
    ['', 'unit', 'lupine (min-max)', 'reference (min-max)', 'ratio', 'goal'],
    findings.map(row),
  );
  const runs = findings.flatMap(({ what, ours, reference }) => [
    everyRun(what, ours),
    ...(reference === undefined ? [] : [everyRun(what, reference)]),
  ]);
  return [
    `\n${name}: ${description}\n\n`,
    table,
    '\nevery run:\n',
    ...runs,
    ...notes.map((note) => `note: ${note}\n`),
  ].join('');
}

function row({ what, unit, ours, reference, goal }: Finding): string[] {
  return [
    what,
    unit,
    spread(ours),
    reference === undefined ? '' : `${spread(reference)} ${reference.name}`,
    reference === undefined ? '' : ratio(ours.runs, reference.runs).toFixed(2),
    goal === undefined ? '' : `${goal.text}: ${goal.met ? 'met' : 'MISSED'}`,
  ];
}

function spread({ runs }: Series): string {
  const { median, min, max } = summarise(runs);
  return `${figure(median)} (${figure(min)}-${figure(max)})`;
}

function everyRun(what: string, { name, runs }: Series): string {
  return `  ${what}, ${name}: ${runs.map(figure).join(' ')}\n`;
}

/** Three digits, and whole numbers above. */
function figure(value: number): string {
  return Number.isInteger(value) || value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
