/** The tables of a report, as rows of plain text: for HTML and for Markdown. */

import type { ExperimentResults, Metric, Results, Table } from '../results.js';
import {
  cellsOf,
  crashesOf,
  formatCell,
  formatComparison,
  keyOf,
  lacksOf,
  unitNote,
  type Cell,
} from './figures.js';

/** Medians of all subjects, a row a metric; of a sweep a row a step. */
export function medianTable(experiment: ExperimentResults, cells = cellsOf(experiment)): Table {
  const byKey = new Map(cells.map((cell) => [keyOf(cell.subject, cell.metric, cell.x), cell]));
  const lacks = lacksOf(experiment);
  const subjects = experiment.subjects.map(({ name }) => name);
  const rows = experiment.metrics.flatMap((metric) =>
    stepsOf(metric, cells).map((x) => [
      x === undefined ? metric.label : `${metric.label}, ${x} ${metric.axis?.label ?? ''}`,
      unitNote(metric),
      ...subjects.map((subject) => {
        const cell = byKey.get(keyOf(subject, metric.name, x));
        if (cell !== undefined) return textOf(cell);
        return lacks.has(keyOf(subject, metric.name, undefined)) ? 'not in this kernel' : '–';
      }),
    ]),
  );
  return { title: 'Medians', columns: ['', 'unit', ...subjects], rows };
}

/** Of the metric's axis. A metric without any value has a row too: it says what all kernels lack. */
function stepsOf({ name }: Metric, cells: readonly Cell[]): (number | undefined)[] {
  const steps = new Set(cells.filter(({ metric }) => metric === name).map(({ x }) => x));
  return steps.size === 0 ? [undefined] : [...steps];
}

function textOf(cell: Cell): string {
  const { comparison } = cell;
  const value = formatCell(cell);
  return comparison === undefined ? value : `${value} = ${formatComparison(comparison)}`;
}

/** Every crashed run; undefined where none was. */
export function crashTable(experiment: ExperimentResults): Table | undefined {
  const crashes = crashesOf(experiment);
  if (crashes.length === 0) return undefined;
  return {
    title: 'Crashed runs, counted in no figure',
    columns: ['kernel', 'round', 'reason'],
    rows: crashes.map(({ subject, round, reason }) => [subject, String(round), reason]),
  };
}

export function subjectTable({ subjects }: ExperimentResults): Table {
  return {
    title: 'What is compared',
    columns: ['name', 'kernel', 'boot parameters', 'SHA-256'],
    rows: subjects.map(({ name, description, parameters, kernel }) => [
      name,
      description,
      parameters,
      kernel?.sha256.slice(0, 16) ?? '',
    ]),
  };
}

/** What could not be made; undefined where everything was. */
export function skippedTable({ skipped }: Results): Table | undefined {
  if (skipped.length === 0) return undefined;
  return {
    title: 'Skipped experiments',
    columns: ['experiment', 'application', 'reason'],
    rows: skipped.map(({ name, application = '', reason }) => [name, application, reason]),
  };
}

/** Where and how the figures were made. */
export function machineTable({
  machine,
  startedAt,
  endedAt,
  seed,
  command,
  lupine,
}: Results): Table {
  const { cpu, cpus, memoryMiB, kernel, node, monitor, accelerator, reason, hostCpu } = machine;
  return {
    title: 'Machine',
    columns: ['', ''],
    rows: [
      ['processor', `${cpus} × ${cpu}`],
      ...(hostCpu === undefined ? [] : [['pinned', `every VM to processor ${hostCpu}`]]),
      ['memory', `${memoryMiB} MiB`],
      ['host', `Linux ${kernel}, Node.js ${node}`],
      ['monitor', `${monitor}, ${accelerator}${reason === undefined ? '' : ` (${reason})`}`],
      ['Lupine', lupine],
      ['made', `${startedAt} to ${endedAt}`],
      ['command', command],
      ['seed', String(seed)],
    ],
  };
}

/** The load of the host during an experiment, from the quietest run to the busiest. */
export function noiseNote({ runs }: ExperimentResults): string {
  const range = (values: readonly number[]) =>
    `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`;
  if (runs.length === 0) return 'no run was made';
  const load = range(runs.map((run) => run.load));
  const steal = range(runs.map((run) => run.stealPercent));
  return `${runs.length} runs; load average of the host ${load}, stolen by other VMs ${steal} %`;
}
