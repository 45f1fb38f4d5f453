/** Results on stdout: JSON for programs, aligned columns for people. */

import { formatTable } from '../support/table.js';

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Rows under headings, aligned. */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  process.stdout.write(formatTable(headings, rows));
}

/** `name: value` lines, aligned. */
export function printFields(fields: readonly (readonly [string, string])[]): void {
  const width = Math.max(...fields.map(([name]) => name.length)) + 1;
  for (const [name, value] of fields) {
    process.stdout.write(`${`${name}:`.padEnd(width)}  ${value}\n`);
  }
}
