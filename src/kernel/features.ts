/**
 * Which options give a system call, a socket family, a file system: derived from the source tree, so
 * that it is true for the line at hand. A definition is found by its macro or structure; the options
 * are those that gate it; one that nobody can set is replaced by one that brings it.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Context } from '../support/context.js';
import { cacheDirectory } from '../support/paths.js';
import { run } from '../support/process.js';
import { cached, keyOf } from '../support/store.js';
import { symbolsOf } from './expression.js';
import { GateFinder } from './gates.js';
import type { Gates } from './gates.js';
import { readSymbols } from './symbols.js';
import type { Symbols } from './symbols.js';
import { parseSyscallTable } from './syscall-table.js';
import type { SourceTree } from './types.js';

const named = v.object({ name: v.string(), options: v.array(v.string()) });

export const featureTableSchema = v.object({
  /** By number, as text. `options` is empty where a call is always there. */
  syscalls: v.record(v.string(), v.object({ ...named.entries, entry: v.string() })),
  /** By number of the address family. */
  families: v.record(v.string(), named),
  /** By the name mount(2) takes. */
  filesystems: v.record(v.string(), v.array(v.string())),
});

/** What a kernel line can offer, and by which options. Small enough to go into a bundle. */
export type FeatureTable = v.InferOutput<typeof featureTableSchema>;

/** What a guest asked for in vain. */
export type Feature =
  | { readonly kind: 'syscall'; readonly nr: number }
  | { readonly kind: 'socket'; readonly family: number }
  | { readonly kind: 'filesystem'; readonly name: string };

/** Raised when this file finds something else in the same tree. */
const FORMAT = '2';

/** What no gate tells: the file is compiled, but its feature is an option looked at elsewhere. */
const known: Readonly<Record<string, readonly string[]>> = {
  tmpfs: ['SHMEM', 'TMPFS'],
};

/** On in every kernel that Lupine builds. */
const always = new Set(['64BIT', 'X86', 'X86_64', 'MMU']);

/** The options a user can turn on to get a feature; empty when none is known. */
export function optionsFor(table: FeatureTable, feature: Feature): string[] {
  if (feature.kind === 'syscall') return table.syscalls[String(feature.nr)]?.options ?? [];
  if (feature.kind === 'socket') return table.families[String(feature.family)]?.options ?? [];
  return Object.hasOwn(table.filesystems, feature.name)
    ? (table.filesystems[feature.name] ?? [])
    : [];
}

/** As `optionsFor`, from a source tree. */
export async function missingFeatureOption(
  source: SourceTree,
  feature: Feature,
  context: Context,
): Promise<string[]> {
  return optionsFor(await featureTable(source, context), feature);
}

/** The features of a source tree; derived once. */
export async function featureTable(source: SourceTree, context: Context): Promise<FeatureTable> {
  const entry = await cached(
    join(cacheDirectory(), 'kernel', 'features'),
    keyOf('features', FORMAT, source.key),
    async (directory) => {
      const table = await derive(source.path);
      await writeFile(join(directory, 'features.json'), JSON.stringify(table));
    },
    context,
  );
  return v.parse(
    featureTableSchema,
    JSON.parse(await readFile(join(entry, 'features.json'), 'utf8')),
  );
}

async function derive(tree: string): Promise<FeatureTable> {
  const gates = new GateFinder(tree);
  const symbols = await readSymbols(tree);
  const [syscalls, families, filesystems] = await Promise.all([
    deriveSyscalls(tree, gates, symbols),
    deriveFamilies(tree, gates, symbols),
    deriveFilesystems(tree, gates, symbols),
  ]);
  return { syscalls, families, filesystems };
}

async function deriveSyscalls(tree: string, gates: GateFinder, symbols: Symbols) {
  const table = parseSyscallTable(
    await readFile(join(tree, 'arch/x86/entry/syscalls/syscall_64.tbl'), 'utf8'),
  );
  const places = await findPlaces(
    tree,
    '^SYSCALL_DEFINE[0-6]\\(',
    (text) => /^SYSCALL_DEFINE[0-6]\((\w+)/.exec(text)?.[1],
  );
  const options = await bestOptions(places, gates, symbols);
  return Object.fromEntries(
    table.map(({ nr, name, entry }) => {
      const found = options.get(entry.replace(/^sys_/, '')) ?? [];
      return [String(nr), { name, entry, options: found }];
    }),
  );
}

async function deriveFamilies(tree: string, gates: GateFinder, symbols: Symbols) {
  const header = await readFile(join(tree, 'include/linux/socket.h'), 'utf8');
  const numbers = new Map(
    [...header.matchAll(/^#define AF_(\w+)\s+(\d+)/gm)].map(([, name = '', nr = '']) => [name, nr]),
  );
  const places = await structures(tree, gates, 'net_proto_family', /\.family\s*=\s*[AP]F_(\w+)/);
  const options = await bestOptions(places, gates, symbols);
  return Object.fromEntries(
    [...options].flatMap(([name, found]) => {
      const nr = numbers.get(name);
      return nr === undefined ? [] : [[nr, { name, options: found }]];
    }),
  );
}

async function deriveFilesystems(tree: string, gates: GateFinder, symbols: Symbols) {
  const places = await structures(tree, gates, 'file_system_type', /\.name\s*=\s*"([^"]+)"/);
  const options = await bestOptions(places, gates, symbols);
  return Object.fromEntries(
    [...options].map(([name, found]) => [name, [...(known[name] ?? found)]]),
  );
}

/** Where something is defined. */
interface Place {
  readonly name: string;
  readonly path: string;
  readonly line: number;
}

const directories = [
  ...['kernel', 'fs', 'mm', 'ipc', 'net', 'security', 'io_uring', 'block', 'crypto'],
  ...['arch/x86/kernel', 'arch/x86/entry', 'drivers/base', 'drivers/pci', 'drivers/char'],
];

async function findPlaces(
  tree: string,
  pattern: string,
  nameOf: (text: string) => string | undefined,
): Promise<Place[]> {
  const { stdout } = await run(
    'grep',
    ['-rnE', '--include=*.c', '-e', pattern, '--', ...directories],
    // 1: nothing found; 2: a directory that this line does not have.
    { cwd: tree, accept: [0, 1, 2], env: { LC_ALL: 'C' } },
  );
  return stdout.split('\n').flatMap((row) => {
    const [, path, line, text = ''] = /^([^:]+):(\d+):(.*)$/.exec(row) ?? [];
    const name = nameOf(text);
    return path === undefined || name === undefined ? [] : [{ name, path, line: Number(line) }];
  });
}

/** Structures of a type, named by one of their fields. */
async function structures(
  tree: string,
  gates: GateFinder,
  type: string,
  field: RegExp,
): Promise<Place[]> {
  const places = await findPlaces(tree, `struct ${type} +\\w+ *= *\\{`, () => '');
  const all = await Promise.all(
    places.map(async ({ path, line }) => {
      const rest = (await gates.source(path))
        .split('\n')
        .slice(line, line + 12)
        .join('\n');
      const name = field.exec(rest.split(/^\};/m)[0] ?? '')?.[1];
      return name === undefined ? [] : [{ name, path, line }];
    }),
  );
  return all.flat();
}

/** For each name the options of its real definition: not a stand-in, and needing least. */
async function bestOptions(
  places: readonly Place[],
  finder: GateFinder,
  symbols: Symbols,
): Promise<Map<string, string[]>> {
  const best = new Map<string, { gates: Gates; options: string[] }>();
  for (const { name, path, line } of places) {
    const gates = await finder.ofLine(path, line);
    const options = settable(gates.options, symbols);
    const other = best.get(name);
    const better =
      other === undefined ||
      (other.gates.negated && !gates.negated) ||
      (other.gates.negated === gates.negated && options.length < other.options.length);
    if (better) best.set(name, { gates, options });
  }
  return new Map([...best].map(([name, { options }]) => [name, options]));
}

/** Replaces options without a prompt by one that brings them, unless the others do already. */
function settable(options: readonly string[], symbols: Symbols): string[] {
  const wanted = options.filter((name) => !always.has(name));
  const found = wanted.flatMap((name) => {
    if (hasPrompt(name, symbols)) return [name];
    const sources = sourcesOf(name, symbols);
    if (sources.length === 0 || sources.some((by) => wanted.includes(by))) return [];
    return [sources.reduce((best, by) => (likeness(by, name) > likeness(best, name) ? by : best))];
  });
  return [...new Set(found)];
}

/** Options with a prompt that turn on one without: they select it, or its default names them. */
function sourcesOf(name: string, symbols: Symbols): string[] {
  const selectors = (symbols.selectors.get(name) ?? []).map(({ by }) => by);
  const defaults = (symbols.definitions.get(name) ?? []).flatMap(({ defaults: expressions }) =>
    expressions
      .map((expression) => expression.replace(/!\s*\w+/g, ''))
      .flatMap((expression) => symbolsOf(expression)),
  );
  return [...selectors, ...defaults].filter((by) => hasPrompt(by, symbols));
}

/** How many letters two names begin with together: QUOTA is meant by QUOTACTL, not XFS_QUOTA. */
function likeness(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

function hasPrompt(name: string, symbols: Symbols): boolean {
  return (symbols.definitions.get(name) ?? []).some(({ prompt }) => prompt);
}
