/**
 * Help text: all lines that are indented at least as far as the first, with that indentation removed.
 * Where it ends follows the kernel's scanner to the letter, since its texts appear in other outputs.
 *
 * A kernel has megabytes of it, and hardly anybody asks for more than one: a text is only put together
 * when somebody does.
 */

import type { Position } from './ast.js';

const newline = 0x0a;
const tab = 0x09;
const space = 0x20;

/** White space as C's isspace has it. */
const white = /^[ \t\n\v\f\r]*$/;

/** Where a help text lies. */
export interface HelpExtent {
  readonly source: string;
  /** The beginning of the line after `help`. */
  readonly start: number;
  /** Where the scan goes on, and how many newlines were passed. */
  readonly end: number;
  readonly lines: number;
  /** There is nothing to read. */
  readonly blank: boolean;
}

/** The `help` of an entry. */
export class HelpProperty {
  readonly kind = 'help';
  readonly position: Position;
  private readonly extent: HelpExtent;

  constructor(position: Position, extent: HelpExtent) {
    this.position = position;
    this.extent = extent;
  }

  get start(): number {
    return this.extent.start;
  }

  get text(): string {
    return helpText(this.extent.source, this.extent.start);
  }
}

/** The help text that begins at `start`. */
export function helpText(source: string, start: number): string {
  const parts: string[] = [];
  scanHelp(source, start, parts);
  return parts.join('');
}

/**
 * Finds the end of the help text at `start`.
 * @param parts takes the text's pieces, where somebody wants them
 */
export function scanHelp(source: string, start: number, parts?: string[]): HelpExtent {
  let indentation = 0; // of the first line
  let lines = 0;
  let blank = true;
  let lineStart = start;
  for (;;) {
    let columns = 0;
    let here = lineStart;
    let code = source.charCodeAt(here);
    for (; code === space || code === tab; code = source.charCodeAt(++here)) {
      columns = code === tab ? (columns & ~7) + 8 : columns + 1;
    }
    if (code !== newline) {
      if (indentation > 0 && here > lineStart) {
        if (columns < indentation) return { source, start, end: here, lines, blank };
        if (parts && columns > indentation) parts.push(' '.repeat(columns - indentation));
      }
      let end = source.indexOf('\n', here);
      if (end < 0) end = source.length;
      if (here < end) {
        parts?.push(source.slice(here, textEnd(source, here, end)));
        if (indentation === 0) indentation = columns;
        // What begins with no control character is a text; the pattern is for the rest.
        if (blank) blank = code < space && white.test(source.slice(here, end));
      }
      if (end === source.length) return { source, start, end, lines, blank };
      here = end;
    }
    // At the newline: a line that begins at the margin ends the text.
    lines++;
    lineStart = here + 1;
    const next = source.charCodeAt(lineStart);
    if (next !== space && next !== tab && next !== newline && lineStart < source.length) {
      return { source, start, end: lineStart, lines, blank };
    }
    parts?.push('\n');
  }
}

/** The end of the text, without the blanks at its end. */
function textEnd(source: string, start: number, end: number): number {
  let last = end;
  while (last > start) {
    const code = source.charCodeAt(last - 1);
    if (code !== space && code !== tab) break;
    last--;
  }
  return last;
}
