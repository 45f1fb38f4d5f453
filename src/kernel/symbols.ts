/**
 * A quick look into a tree's Kconfig files: where a symbol is defined, what it depends on, who
 * selects it. Enough to explain why an option did not take; it does not follow `source` and knows
 * nothing of visibility beyond the file's own `if` and `menu` blocks.
 */

import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { run } from '../support/process.js';

export interface Condition {
  readonly expression: string;
  /** `drivers/net/Kconfig:40` */
  readonly where: string;
}

/** One definition of a symbol. */
export interface Definition {
  readonly where: string;
  /** Somebody can set it: it has a prompt. */
  readonly prompt: boolean;
  readonly depends: readonly Condition[];
  /** The expressions of its `default` lines (and `def_bool`). */
  readonly defaults: readonly string[];
}

export interface Symbols {
  readonly definitions: ReadonlyMap<string, readonly Definition[]>;
  /** From a symbol to those that select it, with the place. */
  readonly selectors: ReadonlyMap<
    string,
    readonly { readonly by: string; readonly where: string }[]
  >;
}

interface Draft {
  readonly name: string | undefined;
  readonly where: string;
  prompt: boolean;
  readonly depends: Condition[];
  readonly defaults: string[];
}

/** Reads the Kconfig files that an x86 kernel can see. */
export async function readSymbols(tree: string): Promise<Symbols> {
  const definitions = new Map<string, Definition[]>();
  const selectors = new Map<string, { by: string; where: string }[]>();
  for (const file of await kconfigFiles(tree)) {
    const text = await readFile(file, 'utf8');
    readFileSymbols(text, relative(tree, file), (draft, selected) => {
      if (draft.name === undefined) return;
      push(definitions, draft.name, draft);
      for (const { name, where } of selected) push(selectors, name, { by: draft.name, where });
    });
  }
  return { definitions, selectors };
}

async function kconfigFiles(tree: string): Promise<string[]> {
  const skip = ['arch', 'Documentation', 'tools', 'scripts', '.git'].map((name) =>
    join(tree, name),
  );
  const prunes = skip.flatMap((path, index) => [...(index > 0 ? ['-o'] : []), '-path', path]);
  const named = ['-type', 'f', '-name', 'Kconfig*', '-print'];
  const found = await Promise.all([
    run('find', [tree, '(', ...prunes, ')', '-prune', '-o', ...named]),
    run('find', [join(tree, 'arch/x86'), ...named], { accept: [0, 1] }),
    run('find', [join(tree, 'arch/Kconfig'), ...named], { accept: [0, 1] }),
  ]);
  return found.flatMap(({ stdout }) => stdout.split('\n').filter((path) => path !== ''));
}

type Emit = (draft: Draft, selected: readonly { name: string; where: string }[]) => void;

/** Exported for its tests: the symbols of one Kconfig file. */
export function readFileSymbols(text: string, file: string, emit: Emit): void {
  const blocks: Draft[] = [];
  let entry: Draft | undefined;
  let selected: { name: string; where: string }[] = [];
  const finish = () => {
    if (entry?.name !== undefined) emit(entry, selected);
    entry = undefined;
    selected = [];
  };
  const open = (name: string | undefined, where: string, own: readonly Condition[] = []): Draft => {
    finish();
    const outer = blocks.flatMap(({ depends }) => depends);
    return {
      name,
      where,
      prompt: false,
      depends: name === undefined ? [...own] : outer,
      defaults: [],
    };
  };
  for (const { line, where } of statements(text, file)) {
    const [word = '', rest = ''] = splitWord(line);
    if (word === 'config' || word === 'menuconfig') entry = open(rest, where);
    else if (word === 'menu' || word === 'choice') blocks.push((entry = open(undefined, where)));
    else if (word === 'if') blocks.push(open(undefined, where, [{ expression: rest, where }]));
    else if (['endmenu', 'endchoice', 'endif'].includes(word)) {
      finish();
      blocks.pop();
    } else if (['comment', 'source', 'mainmenu'].includes(word)) finish();
    else if (entry !== undefined) {
      attribute(entry, word, rest, where);
      if (word === 'select' || word === 'imply') {
        selected.push({ name: splitWord(rest)[0] ?? '', where });
      }
    }
  }
  finish();
}

function attribute(entry: Draft, word: string, rest: string, where: string): void {
  if (word === 'depends') {
    entry.depends.push({ expression: rest.replace(/^on\s+/, ''), where });
  } else if (word === 'prompt') {
    entry.prompt = true;
  } else if (['bool', 'tristate', 'int', 'hex', 'string'].includes(word)) {
    if (rest !== '') entry.prompt = true;
  } else if (['default', 'def_bool', 'def_tristate'].includes(word)) {
    entry.defaults.push(rest);
  }
}

/** Lines without help texts, comments and continuations. */
function* statements(text: string, file: string): Generator<{ line: string; where: string }> {
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const where = `${file}:${index + 1}`;
    let line = lines[index] ?? '';
    while (line.endsWith('\\')) line = `${line.slice(0, -1)} ${lines[(index += 1)] ?? ''}`;
    line = line.replace(/^([^"#]*(?:"[^"]*"[^"#]*)*)#.*$/, '$1').trim();
    if (line === 'help' || line === '---help---') index = endOfHelp(lines, index);
    else if (line !== '') yield { line, where };
  }
}

/** A help text ends before the first line that is indented less than its first line. */
function endOfHelp(lines: readonly string[], start: number): number {
  const blank = (index: number) => (lines[index] ?? '').trim() === '';
  let index = start + 1;
  while (index < lines.length && blank(index)) index += 1;
  const depth = indent(lines[index] ?? '');
  if (depth === 0) return index - 1;
  while (index < lines.length && (blank(index) || indent(lines[index] ?? '') >= depth)) index += 1;
  return index - 1;
}

function indent(line: string): number {
  let width = 0;
  for (const character of line) {
    if (character === '\t') width += 8 - (width % 8);
    else if (character === ' ') width += 1;
    else break;
  }
  return width;
}

function splitWord(line: string): string[] {
  const found = /^(\S+)\s*(.*)$/.exec(line);
  return found === null ? [] : [found[1] ?? '', found[2] ?? ''];
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Up to three names that differ from this one by a few letters, nearest first. */
export function nearestNames(name: string, names: Iterable<string>): string[] {
  const limit = Math.max(1, Math.min(3, Math.floor(name.length / 3)));
  return [...names]
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate, limit) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Levenshtein distance, or more than `limit` when it is that. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? limit + 1;
}
