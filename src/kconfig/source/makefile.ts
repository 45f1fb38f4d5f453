/**
 * The object lists of a kernel Makefile: what `obj-$(CONFIG_X) += a.o b/` and its kin name, each with
 * the condition of its line and the place. Knows the forms that Linux uses (docs/kconfig.md lists them),
 * expands the file's own variables and follows `include`; recipes and everything else are passed over.
 */

import type { Position } from '../ast.js';
import { all, always, any, isAlways, never, not, option, unknown } from './condition.js';
import type { Condition } from './condition.js';

/** One word of an object list: `a.o` or `b/` of the list `stem`. */
export interface Member {
  /** `obj`, `lib`, or the name of an object that is linked of several. */
  readonly stem: string;
  readonly word: string;
  readonly condition: Condition;
  readonly position: Position;
}

/** What a Makefile may refer to. */
export interface MakeContext {
  /** `srctree`, `SRCARCH` and such, which no Makefile changes. */
  readonly variables: Readonly<Record<string, string>>;
  /** The text of an included file, relative to the tree; undefined where it is not there. */
  readonly include: (path: string) => string | undefined;
}

const MAX_INCLUDES = 8;

/** `target += value`; the target may hold calls, such as `obj-$(subst m,y,$(CONFIG_X))`. */
const assignment = /^((?:[^\s:+?=$]|\$\((?:[^()]|\([^()]*\))*\))+)\s*(::?|\+|\?)?=\s*(.*)$/;

/** Reads a Makefile's object lists. @param file relative to the tree, for positions. */
export function parseMakefile(text: string, file: string, context: MakeContext): Member[] {
  return new Reader(context).read(text, file, 0);
}

interface Block {
  readonly branch: Condition;
  readonly remaining: Condition;
}

class Reader {
  readonly #variables: Map<string, string>;
  readonly #context: MakeContext;
  readonly #blocks: Block[] = [];
  readonly #members: Member[] = [];

  constructor(context: MakeContext) {
    this.#context = context;
    this.#variables = new Map(Object.entries(context.variables));
  }

  read(text: string, file: string, depth: number): Member[] {
    let number = 0;
    let definition = false;
    for (const raw of statements(text)) {
      const position = { file, line: number + 1 };
      number += raw.split('\n').length;
      const line = raw
        .replace(/\\\n/g, ' ')
        .replace(/(^|\s)#.*$/, '')
        .trim();
      if (/^define\b/.test(line)) definition = true;
      else if (/^endef\b/.test(line)) definition = false;
      else if (!definition && line !== '') this.#statement(line, position, depth);
    }
    return this.#members;
  }

  #statement(line: string, position: Position, depth: number): void {
    if (this.#conditional(line)) return;
    const included = /^-?include\s+(\S+)$/.exec(line)?.[1];
    if (included !== undefined) return this.#include(this.#expand(included), depth);
    const match = assignment.exec(line);
    if (match === null) return;
    const [, target = '', operator = '', value = ''] = match;
    const list = /^([\w./-]+?)-((?:objs-)?(?:y|m|objs|\$\(.*\)))$/.exec(target);
    const words = this.#expand(value);
    if (list === null) {
      this.#assign(target, operator, words);
      return;
    }
    const [, stem = '', suffix = ''] = list;
    const condition = all(...this.#blocks.map(({ branch }) => branch), suffixCondition(suffix));
    for (const word of words.split(/\s+/).filter((one) => one !== '')) {
      this.#members.push({ stem, word, condition, position });
    }
  }

  #assign(target: string, operator: string, value: string): void {
    if (Object.hasOwn(this.#context.variables, target)) return;
    const before = this.#variables.get(target);
    if (operator === '?' && before !== undefined) return;
    const certain = this.#blocks.every(({ branch }) => isAlways(branch));
    if (before !== undefined && !certain) {
      this.#variables.delete(target);
      return;
    }
    const appended = operator === '+' && before !== undefined ? `${before} ${value}` : value;
    this.#variables.set(target, appended);
  }

  #include(path: string, depth: number): void {
    const text = depth < MAX_INCLUDES ? this.#context.include(path) : undefined;
    if (text !== undefined) this.read(text, path, depth + 1);
  }

  /** Takes `ifeq`, `else`, `endif` and their kin; false for any other line. */
  #conditional(line: string): boolean {
    const match = /^(else\b\s*)?(?:(ifn?eq|ifn?def)\b\s*(.*))?$/.exec(line);
    const [, otherwise, word, rest = ''] = match ?? [];
    if (/^endif\b/.test(line)) {
      this.#blocks.pop();
      return true;
    }
    if (otherwise === undefined && word === undefined) return false;
    const test = word === undefined ? always : this.#test(word, rest);
    const before = otherwise === undefined ? undefined : this.#blocks.pop();
    const remaining = before?.remaining ?? always;
    this.#blocks.push({ branch: all(remaining, test), remaining: all(remaining, not(test)) });
    return true;
  }

  #test(word: string, rest: string): Condition {
    if (!word.endsWith('def')) return parseComparison(word, this.#expand(rest));
    const name = /^\S+/.exec(rest)?.[0] ?? '';
    const value = this.#variables.get(name);
    const config = /^CONFIG_(\w+)$/.exec(name)?.[1];
    const test =
      config !== undefined
        ? option(config)
        : value !== undefined
          ? constant(value !== '')
          : unknown;
    return word === 'ifdef' ? test : not(test);
  }

  /** Replaces `$(NAME)` and `$(addprefix …)`; what is not known stays as it is. */
  #expand(text: string): string {
    return text
      .replace(/\$[({]([\w-]+)[)}]/g, (whole, name: string) => this.#variables.get(name) ?? whole)
      .replace(/\$\(addprefix ([^,()]*),([^()]*)\)/g, (_, prefix: string, words: string) =>
        words.trim().replace(/\S+/g, (word) => `${prefix.trim()}${word}`),
      );
  }
}

/** Lines, each with its continuations. */
function statements(text: string): string[] {
  return text.split(/(?<!\\)\n/);
}

/** `y`, `objs`, `$(CONFIG_X)`, `$(subst m,y,$(CONFIG_X))`, `objs-$(CONFIG_X)`. */
function suffixCondition(suffix: string): Condition {
  return suffix.includes('$') ? nonEmpty(suffix.replace(/^objs-/, '')) : always;
}

function constant(holds: boolean): Condition {
  return holds ? always : never;
}

/** The condition of `ifeq (…)` or `ifneq (…)`. */
function parseComparison(word: string, rest: string): Condition {
  const [left, right] = operands(rest) ?? [];
  if (left === undefined || right === undefined) return unknown;
  const [tested, value] = right.includes('$') ? [right, left] : [left, right];
  const test = tested.includes('$') ? equals(tested, value) : constant(tested === value);
  return word === 'ifeq' ? test : not(test);
}

/** `(a,b)`, split at the comma that is in no call; `"a" "b"`. */
function operands(text: string): [string, string] | undefined {
  const quoted = /^(["'])(.*?)\1\s+(["'])(.*?)\3$/.exec(text);
  if (quoted !== null) return [quoted[2] ?? '', quoted[4] ?? ''];
  const inner = /^\((.*)\)$/.exec(text)?.[1];
  if (inner === undefined) return undefined;
  let depth = 0;
  for (let index = 0; index < inner.length; index += 1) {
    const character = inner[index];
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === ',' && depth === 0) {
      return [inner.slice(0, index).trim(), inner.slice(index + 1).trim()];
    }
  }
  return undefined;
}

const reference = /\$[({]CONFIG_(\w+)(?::m=y)?[)}]/g;

function equals(text: string, value: string): Condition {
  if (value === '') return not(nonEmpty(text));
  const names = [...text.matchAll(reference)].map(([, name = '']) => option(name));
  if (/^\$\((?:filter|findstring)\b/.test(text)) return value === 'y' ? nonEmpty(text) : unknown;
  if (names.length === 0 || text.replace(reference, '').trim() !== '') return unknown;
  if (value === 'y'.repeat(names.length)) return all(...names);
  // As a module, say: on in any case.
  return value === 'm' ? all(...names, unknown) : unknown;
}

/** That a text of options is not empty: `$(CONFIG_A)$(CONFIG_B)`, `$(or …)`, `$(filter y m,…)`. */
function nonEmpty(text: string): Condition {
  const names = [...text.matchAll(reference)].map(([, name = '']) => option(name));
  if (names.length === 0) return unknown;
  const rest = text.replace(reference, '').replace(/\s+/g, ' ').trim();
  if (/^\$\(((?:call )?and\b[ ,]*|subst y,,)\)$/.test(rest)) return all(...names);
  if (rest === '' || /^\$\((?:call )?or\b[ ,]*\)$/.test(rest)) return any(...names);
  if (/^\$\((?:filter y( m)?, ?|filter m y, ?|subst m, ?y, ?|strip ?)\)$/.test(rest)) {
    return any(...names);
  }
  return names.length === 1 ? all(...names, unknown) : unknown;
}
