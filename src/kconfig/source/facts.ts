/**
 * What the source tree says of each option: the files its Makefile lines compile, the directories they
 * open, and what is there for programs only when it is on. Derived from the tree alone, as plain data
 * that can be kept as JSON: deriving it reads the whole tree.
 */

import type { Position } from '../ast.js';
import { alternatives, helping, required } from './condition.js';
import { findObjects } from './objects.js';
import type { Mention, Objects } from './objects.js';
import { findProvisions } from './provisions.js';
import type { Provision } from './provisions.js';
import { readSyscallTable } from './syscall-table.js';
import type { Syscall } from './syscall-table.js';

export interface OptionFacts {
  readonly files: readonly CompiledFile[];
  readonly directories: readonly OpenedDirectory[];
  readonly gives: readonly Gift[];
}

export interface CompiledFile {
  /** Relative to the tree. */
  readonly path: string;
  /** The Makefile's line that names the option. */
  readonly position: Position;
  /** Options that must be on as well. */
  readonly with: readonly string[];
}

export interface OpenedDirectory {
  /** Ends in a slash. */
  readonly path: string;
  readonly position: Position;
  readonly with: readonly string[];
  /** Source files in it and below that can be compiled. */
  readonly files: number;
}

/** Something for programs that is there by the option. */
export interface Gift {
  readonly kind: Provision['kind'];
  /** `epoll_create1`, `UNIX`, `ext2`. */
  readonly name: string;
  /** Other options that it needs. */
  readonly with: readonly string[];
  /** Sets of options that give it without this one; mostly there is none. */
  readonly or: readonly (readonly string[])[];
}

export interface SourceFacts {
  /** By name, without `CONFIG_`. Options of which the tree says nothing are absent. */
  readonly options: Readonly<Record<string, OptionFacts>>;
  readonly provisions: readonly Provision[];
}

/**
 * Derives the facts of a tree for one architecture. Takes seconds: keep the result.
 * @param tree the kernel's source directory. @param architecture a directory below `arch/`: `x86`.
 */
export function deriveFacts(tree: string, architecture: string): SourceFacts {
  const objects = findObjects(tree, architecture);
  const provisions = findProvisions(tree, objects.conditions);
  const drafts = new Drafts();
  const counts = countFiles(objects.conditions.keys());
  for (const mention of objects.mentions) addMention(drafts, mention, objects, counts);
  const table = readSyscallTable(tree, architecture);
  for (const provision of provisions) addProvision(drafts, provision, table);
  return { options: drafts.sorted(), provisions };
}

interface Draft {
  readonly files: Map<string, CompiledFile>;
  readonly directories: Map<string, OpenedDirectory>;
  readonly gives: Map<string, Gift>;
}

class Drafts {
  readonly #byName = new Map<string, Draft>();

  of(name: string): Draft {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const draft: Draft = { files: new Map(), directories: new Map(), gives: new Map() };
    this.#byName.set(name, draft);
    return draft;
  }

  sorted(): Record<string, OptionFacts> {
    const byKey = <T>(map: Map<string, T>): T[] =>
      [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
    const names = [...this.#byName.keys()].sort();
    return Object.fromEntries(
      names.map((name) => {
        const { files, directories, gives } = this.of(name);
        return [
          name,
          { files: byKey(files), directories: byKey(directories), gives: byKey(gives) },
        ];
      }),
    );
  }
}

/** An option takes part in a mention when one of its lines asks for it to be on. */
function addMention(
  drafts: Drafts,
  mention: Mention,
  objects: Objects,
  counts: ReadonlyMap<string, number>,
): void {
  const { path, directory, lines } = mention;
  const conditions = [objects.directory(directory), ...lines.map(({ condition }) => condition)];
  const needed = [...new Set(conditions.flatMap(required))];
  const names = new Set(lines.flatMap(({ condition }) => helping(condition)));
  for (const name of names) {
    const line = lines.findLast(({ condition }) => helping(condition).includes(name));
    if (line === undefined) continue;
    const draft = drafts.of(name);
    const others = needed.filter((other) => other !== name);
    const { position } = line;
    const before = (path.endsWith('/') ? draft.directories : draft.files).get(path);
    if (before !== undefined && before.with.length <= others.length) continue;
    if (path.endsWith('/')) {
      const files = counts.get(path) ?? 0;
      draft.directories.set(path, { path, position, with: others, files });
    } else draft.files.set(path, { path, position, with: others });
  }
}

/** How many source files are in each directory and below; names end in a slash. */
function countFiles(paths: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const path of paths) {
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
      const directory = path.slice(0, end + 1);
      counts.set(directory, (counts.get(directory) ?? 0) + 1);
    }
  }
  return counts;
}

function addProvision(
  drafts: Drafts,
  { kind, name, condition }: Provision,
  table: readonly Syscall[] | undefined,
): void {
  const ways = alternatives(condition);
  // Where it can be had for nothing, no option gives it.
  if (ways.some((way) => way.length === 0)) return;
  for (const option of new Set(ways.flat())) {
    const [way, ...others] = [
      ...ways.filter((one) => one.includes(option)),
      ...ways.filter((one) => !one.includes(option)),
    ];
    const gift = {
      with: (way ?? []).filter((other) => other !== option),
      or: others.filter((one) => !one.includes(option)),
    };
    for (const known of kind === 'syscall' ? callNames(name, table) : [name]) {
      drafts.of(option).gives.set(`${kind} ${known}`, { kind, name: known, ...gift });
    }
  }
}

/** What user space calls a definition: `fstat` for `newfstat`; none for what is another machine's. */
function callNames(name: string, table: readonly Syscall[] | undefined): string[] {
  if (table === undefined) return [name];
  return table.filter(({ entry }) => entry === `sys_${name}`).map((call) => call.name);
}
