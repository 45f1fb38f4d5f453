/** The report's page as a browser shows it: every figure is drawn, nothing is fetched, nothing complains. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { htmlReport } from '../../../src/evaluation/report/index.js';
import { experiment, results } from '../../unit/evaluation/fixture.js';

/** A page beside the report that looks into it and writes down what is really drawn. */
const observer = `<!doctype html><pre id="seen"></pre>
<iframe src="report.html" width="1000" height="1000" onload="
  const page = this.contentWindow;
  const sized = (node) => { const box = node.getBoundingClientRect(); return box.width + box.height > 0; };
  // Colours of a legend are drawings too; the last is the figure.
  const extent = (figure) => [...figure.querySelectorAll('svg')].at(-1).getBoundingClientRect();
  const seen = [...page.document.querySelectorAll('figure[data-figure]')].map((figure) => ({
    title: figure.dataset.figure,
    width: extent(figure).width,
    height: extent(figure).height,
    marks: [...figure.querySelectorAll('svg rect, svg path, svg circle, svg line')].filter(sized).length,
    labels: [...figure.querySelectorAll('svg text')].filter(sized).length,
  }));
  const loaded = page.performance.getEntriesByType('resource').map(({ name }) => name);
  document.getElementById('seen').textContent = JSON.stringify({ seen, loaded });
"></iframe>`;

interface Observed {
  readonly seen: readonly {
    readonly title: string;
    readonly width: number;
    readonly height: number;
    readonly marks: number;
    readonly labels: number;
  }[];
  readonly loaded: readonly string[];
}

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lupine-page-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('a browser draws every figure of the report', async () => {
  await writeFile(join(directory, 'report.html'), htmlReport(results));
  await writeFile(join(directory, 'observer.html'), observer);
  const { stdout, stderr } = await promisify(execFile)('chromium-headless-shell', [
    // The page is ours, and a browser of root's has no sandbox.
    ...['--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${directory}/profile`],
    // Files may see each other, and no name is found.
    ...['--allow-file-access-from-files', '--host-resolver-rules=MAP * ~NOTFOUND'],
    ...['--enable-logging=stderr', '--virtual-time-budget=10000', '--dump-dom'],
    pathToFileURL(join(directory, 'observer.html')).href,
  ]);
  const text = /<pre id="seen">(.*?)<\/pre>/s.exec(stdout)?.[1] ?? '';
  const { seen, loaded } = JSON.parse(text) as Observed;
  expect(seen.map(({ title }) => title)).toEqual(experiment.figures.map(({ title }) => title));
  for (const figure of seen) {
    expect(figure.width, figure.title).toBeGreaterThan(300);
    expect(figure.height, figure.title).toBeGreaterThan(30);
    expect(figure.marks, figure.title).toBeGreaterThan(1);
    expect(figure.labels, figure.title).toBeGreaterThan(2);
  }
  expect(loaded).toEqual([]);
  // What a page complains of is logged as of the console.
  expect(stderr).not.toMatch(/CONSOLE/);
});
