/**
 * The report as one page: it loads nothing, runs no script, and holds the raw results. Text from
 * guests and files is never markup.
 */

import { escapeMarkup as escape } from '../../support/markup.js';
import type { ExperimentResults, Results, Table } from '../results.js';
import { cellsOf, clockNote } from './figures.js';
import { drawFigure } from './plots.js';
import {
  crashTable,
  machineTable,
  medianTable,
  noiseNote,
  skippedTable,
  subjectTable,
} from './tables.js';

const style = `
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1, h2, h3 { line-height: 1.2; } h2 { border-top: 1px solid #ccc; padding-top: 1.5rem; }
table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #e4e4e4; vertical-align: top; }
figcaption, .note { color: #555; font-size: 13px; } figure { margin: 1rem 0; }
.crash { color: #a00; } svg { max-width: 100%; height: auto; }
`;

export function htmlReport(results: Results): string {
  const skipped = skippedTable(results);
  const contents = results.experiments
    .map((one) => `<li><a href="#${anchorOf(one)}">${escape(titleOf(one))}</a></li>`)
    .join('');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Lupine: evaluation</title><style>${style}</style></head>
<body>
<h1>What specialisation buys</h1>
<p>Every experiment of “A Linux in Unikernel Clothing” (EuroSys 2020) on this machine. Runs were made in
rounds, each kernel once a round in random order; every run is kept, and the raw results are in this page.
Figures are medians; lines across bars are 95 % bootstrap intervals; <i>p</i> is of a two-sided rank test.
Where instructions were counted, all runs of a kernel give the same figure, and a difference is exact.</p>
${table(machineTable(results))}
<ul>${contents}</ul>
${skipped === undefined ? '' : `<div class="crash">${table(skipped)}</div>`}
${results.experiments.map(section).join('\n')}
<script type="application/json" id="results">${JSON.stringify(results).replaceAll('<', '\\u003c')}</script>
</body>
</html>
`;
}

function section(experiment: ExperimentResults): string {
  const cells = cellsOf(experiment);
  const crashes = crashTable(experiment);
  const figures = experiment.figures.map((figure) => {
    const drawn = drawFigure(experiment, figure, cells);
    if (drawn === undefined)
      return `<p class="note">${escape(figure.title)}: nothing was measured</p>`;
    const caption = `${figure.title}: ${clockNote(experiment)}`;
    return `<figure data-figure="${escape(figure.title)}">${drawn}<figcaption>${escape(caption)}</figcaption></figure>`;
  });
  const notes = [noiseNote(experiment), `Warm-up: ${experiment.warmUp}`, ...experiment.notes];
  return `<section id="${anchorOf(experiment)}">
<h2>${escape(titleOf(experiment))}</h2>
<p>${escape(experiment.description)} (in the paper: ${escape(experiment.paper)}).
${experiment.interrupted ? '<b class="crash">Interrupted before all runs were made.</b>' : ''}</p>
${figures.join('\n')}
${table(medianTable(experiment, cells))}
${crashes === undefined ? '' : `<div class="crash">${table(crashes)}</div>`}
${experiment.tables.map(table).join('\n')}
${table(subjectTable(experiment))}
<ul class="note">${notes.map((note) => `<li>${escape(note)}</li>`).join('')}</ul>
</section>`;
}

function titleOf({ title, application }: ExperimentResults): string {
  return application === undefined ? title : `${title}: ${application}`;
}

function anchorOf({ name, application }: ExperimentResults): string {
  return application === undefined ? name : `${name}-${application}`;
}

function table({ title, columns, rows }: Table): string {
  const cell = (tag: string) => (text: string) => `<${tag}>${escape(text)}</${tag}>`;
  const head = columns.some((name) => name !== '')
    ? `<thead><tr>${columns.map(cell('th')).join('')}</tr></thead>`
    : '';
  const body = rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`).join('\n');
  return `<h3>${escape(title)}</h3><table>${head}<tbody>${body}</tbody></table>`;
}
