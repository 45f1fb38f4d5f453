/**
 * The macro language (Documentation/kbuild/kconfig-macro-language.rst): variables, user functions and
 * the built-in ones. Text goes in, expanded text comes out; the lexer decides where a macro may stand.
 *
 * Two kinds of variables, as in make: simple (`:=`) ones are expanded when set, recursive (`=`) ones
 * when used, with $(1), $(2), … for the arguments of a call. What is no variable is looked up among the
 * built-in functions, then in the environment, and otherwise expands to nothing.
 */

import type { Position } from './ast.js';
import { at, type Log } from './errors.js';

/** Runs a command as `sh -c` would. @returns its standard output, whatever its exit status. */
export type Shell = (command: string) => string;

export type AssignmentOperator = '=' | ':=' | '+=';

interface Variable {
  value: string;
  simple: boolean;
  /** How many expansions of it are under way. */
  depth: number;
}

/** What macros see of the world. */
export interface PreprocessorHost {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly shell: Shell;
  readonly log: Log;
  /** Where the lexer is. */
  here(): Position;
  /** Where this file was sourced, innermost first. */
  includedFrom(): readonly Position[];
}

const maxArguments = 16;
const maxRecursion = 1000;
/** Bounds of our own, for input that would grow without end: nesting, references and text in one token. */
const maxNesting = 1500;
const maxReferences = 200_000;
const maxLength = 1 << 20;
/** The kernel reads this much of a command's output, less one. */
const outputBuffer = 4096;

const open = 0x28;
const close = 0x29;

const builtins: ReadonlyMap<string, readonly [argumentCount: number, Builtin]> = new Map<
  string,
  readonly [number, Builtin]
>([
  ['error-if', [2, (host, [condition, text]) => (condition === 'y' ? host.fail(text) : '')]],
  ['filename', [0, (host) => host.here().file]],
  ['info', [1, (host, [text]) => host.say('info', text)]],
  ['lineno', [0, (host) => String(host.here().line)]],
  ['shell', [1, (host, [command]) => host.run(command)]],
  [
    'warning-if',
    [2, (host, [condition, text]) => (condition === 'y' ? host.say('warning', text) : '')],
  ],
]);

interface BuiltinHost {
  here(): Position;
  fail(text: string): never;
  say(severity: 'info' | 'warning', text: string): string;
  run(command: string): string;
}

// The number of arguments is checked before the call.
type Builtin = (host: BuiltinHost, args: readonly [string, string]) => string;

export class Preprocessor implements BuiltinHost {
  /** Environment variables that were looked up, with their values. */
  readonly environment = new Map<string, string | undefined>();
  readonly #variables = new Map<string, Variable>();
  readonly #host: PreprocessorHost;
  #nesting = 0;
  #references = 0;

  constructor(host: PreprocessorHost) {
    this.#host = host;
  }

  /** `name = value` and its kin. */
  assign(name: string, operator: AssignmentOperator, value: string): void {
    const known = this.#variables.get(name);
    const simple = operator === '+=' ? (known?.simple ?? false) : operator === ':=';
    const text = simple ? this.expand(value) : value;
    if (!known) {
      this.#variables.set(name, { value: text, simple, depth: 0 });
      return;
    }
    known.value = operator === '+=' ? this.#bounded(`${known.value} ${text}`) : text;
    known.simple = simple;
  }

  /** Every reference in `text`, expanded. */
  expand(text: string): string {
    this.#references = 0;
    return this.#expandAll(text, []);
  }

  /**
   * The reference that begins with the `$` at `start` of `line`.
   * @returns its expansion and where it ends; a `$` without `(` is a `$`.
   */
  expandReference(line: string, start: number): { text: string; end: number } {
    this.#references = 0;
    return this.#reference(line, start, []);
  }

  here(): Position {
    return this.#host.here();
  }

  say(severity: 'info' | 'warning', text: string): string {
    const position = this.here();
    this.#host.log.say(severity, severity === 'info' ? text : `${at(position)}: ${text}`, position);
    return '';
  }

  /** What the kernel keeps of a command's output: the first bytes, on one line. */
  run(command: string): string {
    let output = this.#host.shell(command);
    if (output.length >= outputBuffer / 4) {
      const bytes = Buffer.from(output);
      if (bytes.length >= outputBuffer) output = bytes.toString('utf8', 0, outputBuffer - 1);
    }
    return output.replace(/\n+$/, '').replaceAll('\n', ' ');
  }

  /** Ends the parse: the kernel's program exits here. */
  fail(text: string): never {
    const position = this.here();
    this.#host.log.fault(`${at(position)}: ${text}`, position, this.#host.includedFrom());
    throw this.#host.log.error();
  }

  #expandAll(text: string, args: readonly string[]): string {
    let dollar = text.indexOf('$');
    if (dollar < 0) return text;
    let expanded = '';
    let rest = 0;
    while (dollar >= 0) {
      const reference = this.#reference(text, dollar, args);
      expanded = this.#bounded(expanded + text.slice(rest, dollar) + reference.text);
      rest = reference.end;
      dollar = text.indexOf('$', rest);
    }
    return expanded + text.slice(rest);
  }

  #reference(text: string, dollar: number, args: readonly string[]): { text: string; end: number } {
    const start = dollar + 2;
    if (text.charCodeAt(dollar + 1) !== open) return { text: '$', end: dollar + 1 };
    const end = closingParenthesis(text, start);
    if (end < 0) this.fail(`unterminated reference to '${text.slice(start)}': missing ')'`);
    if (++this.#references > maxReferences || ++this.#nesting > maxNesting) {
      this.fail('Too deep recursive expansion');
    }
    const expanded = this.#clause(text.slice(start, end), args);
    this.#nesting--;
    return { text: expanded, end: end + 1 };
  }

  /** What stands between the parentheses: an argument's number, a variable, or a call. */
  #clause(clause: string, args: readonly string[]): string {
    if (args.length > 0) {
      const number = /^\s*\+?\d+$/.test(clause) ? Number(clause) : 0;
      const argument = args[number - 1];
      if (argument !== undefined) return argument;
    }
    const parts = splitArguments(clause);
    if (parts.length > maxArguments) this.fail('too many function arguments');
    const [name = '', ...given] = parts.map((part) => this.#expandAll(part, args));
    return (
      this.#variable(name, given) ??
      this.#builtin(name, given) ??
      (given.length === 0 ? this.#environmentVariable(name) : undefined) ??
      ''
    );
  }

  #variable(name: string, args: readonly string[]): string | undefined {
    const variable = this.#variables.get(name);
    if (!variable) return undefined;
    if (args.length === 0 && variable.depth > 0) {
      this.fail(`Recursive variable '${name}' references itself (eventually)`);
    }
    if (variable.depth > maxRecursion) this.fail('Too deep recursive expansion');
    if (variable.simple) return variable.value;
    variable.depth++;
    const expanded = this.#expandAll(variable.value, args);
    variable.depth--;
    return expanded;
  }

  #builtin(name: string, args: readonly string[]): string | undefined {
    const builtin = builtins.get(name);
    if (!builtin) return undefined;
    const [count, call] = builtin;
    if (args.length < count) this.fail(`too few function arguments passed to '${name}'`);
    if (args.length > count) this.fail(`too many function arguments passed to '${name}'`);
    return call(this, [args[0] ?? '', args[1] ?? '']);
  }

  #environmentVariable(name: string): string | undefined {
    if (name === '') return undefined;
    const value = this.#host.environment[name];
    this.environment.set(name, value);
    return value;
  }

  #bounded(text: string): string {
    if (text.length > maxLength) this.fail('expansion is too long');
    return text;
  }
}

/** @returns the place of the `)` that matches a `(` before `start`, or -1. */
function closingParenthesis(text: string, start: number): number {
  let nesting = 0;
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === open) nesting++;
    else if (code === close && nesting-- === 0) return index;
  }
  return -1;
}

/** Splits at the commas outside parentheses. */
function splitArguments(clause: string): string[] {
  if (!clause.includes(',')) return [clause];
  const parts: string[] = [];
  let nesting = 0;
  let start = 0;
  for (let index = 0; index < clause.length; index++) {
    const character = clause[index];
    if (character === '(') nesting++;
    else if (character === ')') nesting--;
    else if (character === ',' && nesting === 0) {
      parts.push(clause.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(clause.slice(start));
  return parts;
}
