/** The summary as Markdown: the tables of the page without its figures. */

import type { ExperimentResults, Results, Table } from '../results.js';
import { clockNote } from './figures.js';
import {
  crashTable,
  machineTable,
  medianTable,
  noiseNote,
  skippedTable,
  subjectTable,
} from './tables.js';

export function markdownReport(results: Results): string {
  const skipped = skippedTable(results);
  return [
    '# What specialisation buys\n',
    table(machineTable(results)),
    ...(skipped === undefined ? [] : [table(skipped)]),
    ...results.experiments.map(section),
  ].join('\n');
}

function section(experiment: ExperimentResults): string {
  const { title, application, description, paper } = experiment;
  const crashes = crashTable(experiment);
  const notes = [
    clockNote(experiment),
    noiseNote(experiment),
    `warm-up: ${experiment.warmUp}`,
    ...experiment.notes,
  ];
  return [
    `## ${application === undefined ? title : `${title}: ${application}`}\n`,
    `${description} (in the paper: ${paper}).${experiment.interrupted ? ' **Interrupted.**' : ''}\n`,
    table(medianTable(experiment)),
    ...(crashes === undefined ? [] : [table(crashes)]),
    ...experiment.tables.map(table),
    table(subjectTable(experiment)),
    `${notes.map((note) => `- ${escape(note)}`).join('\n')}\n`,
  ].join('\n');
}

function table({ title, columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escape).join(' | ')} |`;
  return [
    `### ${title}\n`,
    line(columns),
    `|${' --- |'.repeat(columns.length)}`,
    ...rows.map(line),
    '',
  ].join('\n');
}

/** Text from guests and files cannot end a cell or begin markup. */
function escape(text: string): string {
  return text.replace(/[\\|<>`*_[\]]/g, '\\$&').replaceAll(/\s*\n\s*/g, ' ');
}
