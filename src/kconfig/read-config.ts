/**
 * Reads a `.config`, or a fragment of one, into what the user decided. Nothing in it is an error: what
 * makes no sense is warned of with its line, in the kernel's words, and left out.
 */

import type { ChoiceEvaluator } from './evaluate-choices.js';
import type { ConfigSymbol, Dialect, Output } from './model.js';
import { isNumber } from './numbers.js';

export const PREFIX = 'CONFIG_';

/** A line that decides something: `# CONFIG_FOO is not set` decides n. */
interface Decision {
  readonly name: string;
  readonly value: string;
}

/** What a line is: a decision, something to warn of, or nothing. */
type Line = Decision | { readonly unexpected: string } | undefined;

export interface ReadOptions {
  /** What warnings call the file. */
  readonly name: string;
  /** Warn of options that no Kconfig file mentions. */
  readonly warnUnknown?: boolean;
  readonly report: (output: Output) => void;
}

export interface ReadResult {
  readonly warnings: number;
  /** There were options that no Kconfig file mentions. */
  readonly unknown: boolean;
}

/** Reads a file's text; all earlier decisions are forgotten. */
export function readConfig(
  evaluator: ChoiceEvaluator,
  text: string,
  { name, warnUnknown = false, report }: ReadOptions,
): ReadResult {
  evaluator.forgetDecisions();
  const { space } = evaluator;
  let number = 0;
  let warnings = 0;
  let unknown = false;
  const warn = (message: string | undefined): void => {
    if (message === undefined) return;
    warnings++;
    report({ stream: 'stderr', text: `${name}:${String(number)}:warning: ${message}\n` });
  };
  for (const raw of linesOf(text)) {
    number++;
    const line = space.dialect === '6.1' ? parseLeniently(raw) : parseLine(raw);
    if (line === undefined) continue;
    if ('unexpected' in line) {
      warn(`unexpected data: ${line.unexpected}`);
      continue;
    }
    const symbol = find(evaluator, line.name);
    if (symbol === undefined) {
      unknown = true;
      if (warnUnknown) warn(`unknown symbol: ${line.name}`);
      continue;
    }
    if (evaluator.decided[symbol.index] === 1) {
      warn(`override: reassigning to symbol ${symbol.name}`);
    }
    const problem = decide(evaluator, symbol, line.value);
    warn(problem ?? evaluator.decidedForMember(symbol));
  }
  return { warnings, unknown };
}

function find({ space }: ChoiceEvaluator, name: string): ConfigSymbol | undefined {
  const { yes, module, no } = space;
  return [yes, module, no].find((symbol) => symbol.name === name) ?? space.byName.get(name);
}

/** The lines as C sees them: with their newlines, each only up to a NUL. */
function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline + 1;
    const line = text.slice(start, end);
    const nul = line.indexOf('\0');
    yield nul < 0 ? line : line.slice(0, nul);
    start = end;
  }
}

/** The name in `# CONFIG_FOO is not set`, if the rest of the line is as the dialect wants it. */
function unset(line: string, dialect: Dialect): Decision | undefined {
  if (!line.startsWith(`# ${PREFIX}`)) return undefined;
  const start = PREFIX.length + 2;
  const space = line.indexOf(' ', start);
  if (space < 0) return undefined;
  const rest = line.slice(space + 1);
  const fits = dialect === '6.1' ? rest.startsWith('is not set') : rest === 'is not set';
  return fits ? { name: line.slice(start, space), value: 'n' } : undefined;
}

function parseLine(raw: string): Line {
  const line = raw.replace(/\r?\n$/, '');
  if (line === '') return undefined;
  if (line.startsWith('#')) return unset(line, '6.12');
  const equals = line.startsWith(PREFIX) ? line.indexOf('=', PREFIX.length) : -1;
  if (equals < 0) return { unexpected: line };
  return { name: line.slice(PREFIX.length, equals), value: line.slice(equals + 1) };
}

/** As 6.1 reads it: options without a value are passed over, and so is what follows `is not set`. */
function parseLeniently(raw: string): Line {
  if (raw.startsWith('#')) return unset(raw, '6.1');
  if (!raw.startsWith(PREFIX)) {
    if (raw.startsWith('\r') || raw.startsWith('\n')) return undefined;
    return { unexpected: raw.replace(/[\r\n][^]*/, '') };
  }
  const equals = raw.indexOf('=', PREFIX.length);
  if (equals < 0) return undefined;
  const value = raw.slice(equals + 1).replace(/\r?\n$/, '');
  return { name: raw.slice(PREFIX.length, equals), value };
}

/**
 * Puts a value where the user's decisions are, as text of `.config` gives it.
 *
 * @returns why not, if it is no value for the symbol
 */
export function decide(
  evaluator: ChoiceEvaluator,
  symbol: ConfigSymbol,
  text: string,
): string | undefined {
  const { index, type } = symbol;
  switch (type) {
    case 'unknown':
      return undefined;
    case 'bool':
    case 'tristate': {
      const value = 'nmy'.indexOf(text.charAt(0));
      if (text === '' || value < 0 || (value === 1 && type === 'bool'))
        return invalid(symbol, text);
      evaluator.userTristates[index] = value;
      break;
    }
    case 'string': {
      if (!text.startsWith('"')) return undefined;
      const value = unquote(text);
      if (value === undefined) return 'invalid string found';
      evaluator.userTexts[index] = value;
      break;
    }
    default:
      if (!isNumber(type, text)) return invalid(symbol, text);
      evaluator.userTexts[index] = text;
  }
  evaluator.decided[index] = 1;
  return undefined;
}

function invalid(symbol: ConfigSymbol, text: string): string {
  return `symbol value '${text}' invalid for ${symbol.name}`;
}

/** `"a \"b\""`: as strings stand in a `.config`. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** What is between the quotes; what follows the second one does not count. */
function unquote(text: string): string | undefined {
  const match = /^"((?:[^"\\]|\\[^])*)"/.exec(text);
  return match?.[1]?.replace(/\\([^])/g, '$1');
}
