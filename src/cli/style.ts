/** Colours and marks, for a terminal only. */

import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

export interface Style {
  /** A heading, or the name of what is spoken of. */
  strong(text: string): string;
  /** What is said in passing: places, types. */
  faint(text: string): string;
  /** Whether a condition is met, as a mark. */
  mark(met: boolean): string;
}

/** @param coloured whether the reader's terminal shows colours. */
export function style(coloured: boolean): Style {
  // Newer versions of Node.js would look at standard output by themselves.
  const paint = (format: Format, text: string) =>
    coloured ? styleText(format, text, { validateStream: false }) : text;
  return {
    strong: (text) => paint('bold', text),
    faint: (text) => paint('dim', text),
    mark: (met) => (met ? paint('green', '✓') : paint('red', '✗')),
  };
}

/** Standard output is a terminal, and nobody asked for no colours (no-color.org). */
export function outputStyle(): Style {
  const refused = process.env['NO_COLOR'];
  return style(process.stdout.isTTY && (refused === undefined || refused === ''));
}
