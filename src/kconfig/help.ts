/**
 * Help text: all lines that are indented at least as far as the first, with that indentation removed.
 * Where it ends follows the kernel's scanner to the letter, since its texts appear in other outputs.
 */

const newline = 0x0a;
const tab = 0x09;
const space = 0x20;

export interface Help {
  readonly text: string;
  /** Where the scan goes on, and how many newlines were passed. */
  readonly end: number;
  readonly lines: number;
}

/** @param start the beginning of the line after `help`. */
export function readHelp(source: string, start: number): Help {
  const parts: string[] = [];
  let indentation = 0; // of the first line
  let lines = 0;
  let lineStart = start;
  for (;;) {
    let columns = 0;
    let here = lineStart;
    let code = source.charCodeAt(here);
    for (; code === space || code === tab; code = source.charCodeAt(++here)) {
      columns = code === tab ? (columns & ~7) + 8 : columns + 1;
    }
    const blank = code === newline;
    if (!blank) {
      if (indentation > 0 && here > lineStart) {
        if (columns < indentation) return { text: parts.join(''), end: here, lines };
        if (columns > indentation) parts.push(' '.repeat(columns - indentation));
      }
      let end = source.indexOf('\n', here);
      if (end < 0) end = source.length;
      if (here < end) {
        parts.push(source.slice(here, textEnd(source, here, end)));
        if (indentation === 0) indentation = columns;
      }
      if (end === source.length) return { text: parts.join(''), end, lines };
      here = end;
    }
    // At the newline: a line that begins at the margin ends the text.
    lines++;
    lineStart = here + 1;
    const next = source.charCodeAt(lineStart);
    if (next !== space && next !== tab && next !== newline && lineStart < source.length) {
      return { text: parts.join(''), end: lineStart, lines };
    }
    parts.push('\n');
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
