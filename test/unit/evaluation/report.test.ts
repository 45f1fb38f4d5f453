import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { htmlReport, markdownReport } from '../../../src/evaluation/report/index.js';
import { cellsOf, crashesOf, formatCell } from '../../../src/evaluation/report/figures.js';
import { experiment, hostile, results } from './fixture.js';

/** What the tests look at: the types of the DOM are not in this program. */
interface Node {
  readonly textContent: string;
  readonly innerHTML: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Node | null;
  querySelectorAll(selector: string): Iterable<Node> & { readonly length: number };
}
const open = parseHTML as unknown as (html: string) => { document: Node & { body: Node } };

describe('figures', () => {
  const cells = cellsOf(experiment);
  const cell = (subject: string, metric: string, x?: number) =>
    cells.find((one) => one.subject === subject && one.metric === metric && one.x === x);

  test('are medians, beside those of the baseline', () => {
    expect(cell('microvm', 'null')?.median).toBe(300);
    expect(cell('microvm', 'null')?.comparison).toBeUndefined();
    expect(cell('lupine', 'null')?.comparison?.ratio).toBe(0.5);
    expect(cell('lupine', 'call', 2)?.comparison?.ratio).toBe(0.5);
    expect(cell('lupine', 'call', 1)?.comparison?.ratio).toBe(1);
  });

  test('leave a crashed run out of the values and in the report', () => {
    expect([...(cell('microvm', 'null')?.series.keys() ?? [])]).toEqual([0, 2]);
    expect(crashesOf(experiment)).toEqual([{ subject: 'microvm', round: 1, reason: hostile }]);
  });

  test('show an interval only where there is one', () => {
    const series = new Map([[0, 1]]);
    const plain = { subject: 'a', metric: 'b', series, median: 1234.5 };
    expect(formatCell(plain)).toBe('1,235');
    expect(formatCell({ ...plain, interval: { low: 1234.5, high: 1234.5 } })).toBe('1,235');
    expect(formatCell({ ...plain, median: 0.123456, interval: { low: 0.1, high: 0.2 } })).toBe(
      '0.1235 (0.1–0.2)',
    );
  });
});

describe('the page', () => {
  const html = htmlReport(results);
  const { document } = open(html);

  test('has every figure, drawn, with how it was measured', () => {
    const figures = [...document.querySelectorAll('figure[data-figure]')];
    expect(figures.map((figure) => figure.getAttribute('data-figure'))).toEqual(
      experiment.figures.map(({ title }) => title),
    );
    for (const figure of figures) {
      expect(figure.querySelectorAll('svg rect, svg path, svg circle').length).toBeGreaterThan(1);
      expect(figure.querySelector('figcaption')?.textContent).toContain('instructions counted');
      expect(figure.innerHTML).not.toContain('NaN');
    }
  });

  test('loads nothing and runs nothing, whatever a guest said', () => {
    expect(html).not.toMatch(/<script(?! type="application\/json")/);
    expect(html).not.toMatch(/\b(src|href)="(?!#)/);
    expect(html.match(/<\/script>/g)).toHaveLength(1);
    expect(document.body.textContent).toContain(hostile);
  });

  test('holds the raw results', () => {
    const raw = document.querySelector('#results')?.textContent ?? '';
    expect(JSON.parse(raw)).toEqual(results);
  });

  test('says what a kernel lacks, and what was not measured at all', () => {
    expect(document.body.textContent).toContain('not in this kernel');
    expect(document.body.textContent).toContain(`no ab: ${hostile}`);
  });
});

test('the summary has the medians, and no cell that text can break', () => {
  const text = markdownReport(results);
  expect(text).toContain('| getppid | instructions, lower is better | 300 | 150 = 0.500 × |');
  const rows = text.split('\n').filter((line) => line.startsWith('| microvm | 1 '));
  expect(rows).toHaveLength(1);
  expect(rows[0]?.match(/(?<!\\)\|/g)).toHaveLength(4);
  expect(text).not.toContain('<script>');
});
