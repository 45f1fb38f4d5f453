/** What kernels take, as tables for people. */

import type { Cost, CostChange, Kernel, SectionSizes, SymbolSize } from '../kernel/index.js';
import { formatSize } from '../support/size.js';
import { formatTable } from '../support/table.js';
import type { KernelChanges, KernelParts, SizeKey } from '../unikernel/index.js';
import type { Style } from './style.js';

/** What a row without a name is. */
const unnamed: Readonly<Record<SizeKey, string>> = {
  option: '(in every kernel)',
  directory: '(no directory)',
  object: '(no object)',
  symbol: '(no symbol)',
};

const kinds = ['text', 'rodata', 'data', 'bss', 'init'] as const satisfies (keyof SectionSizes)[];

const objectNote = 'Sizes of the objects before the link; init is given back after boot.';
const symbolNote =
  'A symbol reaches to the next one: padding, and strings, which have none, count for the one before.';

/** The text of a kernel's parts, with its last newline. @param limit rows that are shown; 0 for all. */
export function formatSizes(
  kernel: Kernel,
  parts: KernelParts,
  limit: number,
  style: Style,
): string {
  const [table, note] =
    parts.by === 'symbol'
      ? [symbolTable(parts.rows, limit), symbolNote]
      : [costTable(parts.by, parts.rows, limit), objectNote];
  return `${kernelLines(kernel, style)}\n${table}${style.faint(note)}\n`;
}

/** The text of a comparison, with its last newline. @param limit rows that are shown; 0 for all. */
export function formatSizeChanges(
  { before, after, by, rows }: KernelChanges,
  limit: number,
  style: Style,
): string {
  const name = nameOf(by);
  const differing = rows.filter(({ difference }) => difference !== 0);
  const [shown, rest] = divide(differing, limit);
  const same = rows.filter(({ difference }) => difference === 0);
  const table = rightAligned(
    [by, 'A', 'B', 'B − A'],
    [
      ...shown.map((row) => changeRow(name(row), row)),
      ...(rest.length === 0 ? [] : [changeRow(others(rest), sumOf(rest))]),
      ...(same.length === 0 ? [] : [changeRow(`(${same.length} alike)`, sumOf(same))]),
      changeRow('total', sumOf(rows)),
    ],
    1,
  );
  const files = rightAligned(
    ['file', 'A', 'B', 'B − A'],
    [
      fileRow('ELF', before.report.elfBytes, after.report.elfBytes),
      fileRow('bzImage', before.report.bzImageBytes, after.report.bzImageBytes),
    ],
    1,
  );
  const sides = [before, after].map(
    (kernel, index) => `${style.strong(`${'AB'[index] ?? ''}  ${kernel.label}`)}${about(kernel)}\n`,
  );
  const note = by === 'symbol' ? symbolNote : objectNote;
  return `${sides.join('')}\n${files}\n${table}${style.faint(note)}\n`;
}

/** `12.3 kB in 3 objects (text 9.1 kB, rodata 2.2 kB)`, or that there is none. */
export function describeCost({ bytes, sizes, objects }: Omit<Cost, 'name'>): string {
  if (objects === 0) return 'no object of its own: what it adds is in objects of others';
  const parts = kinds
    .filter((kind) => sizes[kind] > 0)
    .map((kind) => `${kind} ${formatSize(sizes[kind])}`);
  const detail = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
  return `${formatSize(bytes)} in ${objects} ${objects === 1 ? 'object' : 'objects'}${detail}`;
}

function kernelLines(kernel: Kernel, style: Style): string {
  const { elfBytes, bzImageBytes, sections } = kernel.report;
  const memory = kinds.map((kind) => `${kind} ${formatSize(sections[kind])}`).join(', ');
  return [
    `${style.strong(kernel.label)}${about(kernel)}`,
    `Files      ELF ${formatSize(elfBytes)}, bzImage ${formatSize(bzImageBytes)}`,
    `In memory  ${memory}`,
    '',
  ].join('\n');
}

function about({ version, report }: Kernel): string {
  return `  Linux ${version}, ${report.options} options`;
}

function costTable(by: SizeKey, costs: readonly Cost[], limit: number): string {
  const [shown, rest] = divide(costs, limit);
  const name = nameOf(by);
  const withCount = by !== 'object';
  const row = (title: string, members: readonly Cost[]) => [
    title,
    formatSize(sum(members, ({ bytes }) => bytes)),
    ...kinds.map((kind) => formatSize(sum(members, ({ sizes }) => sizes[kind]))),
    ...(withCount ? [String(sum(members, ({ objects }) => objects))] : []),
  ];
  return rightAligned(
    [by, 'total', ...kinds, ...(withCount ? ['objects'] : [])],
    [
      ...shown.map((cost) => row(name(cost), [cost])),
      ...(rest.length === 0 ? [] : [row(others(rest), rest)]),
      row('total', costs),
    ],
    1,
  );
}

function symbolTable(symbols: readonly SymbolSize[], limit: number): string {
  const [shown, rest] = divide(symbols, limit);
  const row = (title: string, members: readonly SymbolSize[], kind = '', section = '') => [
    formatSize(sum(members, ({ bytes }) => bytes)),
    kind,
    section,
    title,
  ];
  const rows = [
    ...shown.map((one) => row(nameOf('symbol')(one), [one], one.kind, one.section)),
    ...(rest.length === 0 ? [] : [row(others(rest), rest)]),
    row('total', symbols),
  ];
  return rightAligned(['size', 'kind', 'section', 'symbol'], rows, 0, 1);
}

function nameOf(by: SizeKey): (row: { readonly name: string | null }) => string {
  return ({ name }) => name ?? unnamed[by];
}

function divide<T>(rows: readonly T[], limit: number): [readonly T[], readonly T[]] {
  return limit === 0 ? [rows, []] : [rows.slice(0, limit), rows.slice(limit)];
}

function others(rest: readonly unknown[]): string {
  return `(${rest.length} more)`;
}

function sum<T>(rows: readonly T[], amount: (row: T) => number): number {
  return rows.reduce((all, row) => all + amount(row), 0);
}

function sumOf(rows: readonly CostChange[]): Omit<CostChange, 'name'> {
  return {
    before: sum(rows, ({ before = 0 }) => before),
    after: sum(rows, ({ after = 0 }) => after),
    difference: sum(rows, ({ difference }) => difference),
  };
}

/** What one kernel does not have is `-` there. */
function changeRow(name: string, change: Omit<CostChange, 'name'>): string[] {
  const { before, after, difference } = change;
  const side = (bytes: number | undefined) => (bytes === undefined ? '-' : formatSize(bytes));
  return [name, side(before), side(after), signed(difference)];
}

function fileRow(name: string, before: number, after: number): string[] {
  return changeRow(name, { before, after, difference: after - before });
}

function signed(bytes: number): string {
  if (bytes === 0) return formatSize(0);
  return `${bytes > 0 ? '+' : '-'}${formatSize(Math.abs(bytes))}`;
}

/** A table whose columns from `first` to before `last` hold sizes. */
function rightAligned(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  first: number,
  last = headings.length,
): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length)),
  );
  const pad = (row: readonly string[]) =>
    row.map((cell, column) =>
      column >= first && column < last ? cell.padStart(widths[column] ?? 0) : cell,
    );
  return formatTable(pad(headings), rows.map(pad));
}
