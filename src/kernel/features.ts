/**
 * Which options give a system call, a socket family, a file system: derived from the source tree, so
 * that it is true for the line at hand. The tree tells under which condition each is compiled; here an
 * option that nobody can set is replaced by one that brings it.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Context } from '../support/context.js';
import { cacheDirectory } from '../support/paths.js';
import { namedIn } from '../kconfig/needs.js';
import { alternatives, readSyscallTable } from '../kconfig/source/index.js';
import type { Provision } from '../kconfig/source/index.js';
import type { ConfigSymbol, Expression, Space } from '../kconfig/index.js';
import { cached, keyOf } from '../support/store.js';
import { provisions } from './source-facts.js';
import { loadSpace } from './space.js';
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
const FORMAT = '4';

/** What no gate tells: the file is compiled, but its feature is an option looked at elsewhere. */
const known: Readonly<Record<string, readonly string[]>> = {
  tmpfs: ['SHMEM', 'TMPFS'],
};

/** On in every kernel that Lupine builds. */
export const always: ReadonlySet<string> = new Set(['64BIT', 'X86', 'X86_64', 'MMU']);

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
      const table = await derive(source, context);
      await writeFile(join(directory, 'features.json'), JSON.stringify(table));
    },
    context,
  );
  return v.parse(
    featureTableSchema,
    JSON.parse(await readFile(join(entry, 'features.json'), 'utf8')),
  );
}

async function derive(source: SourceTree, context: Context): Promise<FeatureTable> {
  const { space } = loadSpace(source);
  const [found, header] = await Promise.all([
    provisions(source, context),
    readFile(join(source.path, 'include/linux/socket.h'), 'utf8'),
  ]);
  const optionsOf = (provision: Provision | undefined) =>
    provision === undefined ? [] : best(provision, space);
  const ofKind = (kind: Provision['kind']) =>
    new Map(found.filter((one) => one.kind === kind).map((one) => [one.name, one]));
  const calls = ofKind('syscall');
  const families = [...header.matchAll(/^#define AF_(\w+)\s+(\d+)/gm)].flatMap(
    ([, name = '', nr = '']) => {
      const family = ofKind('socket').get(name);
      return family === undefined ? [] : [[nr, { name, options: optionsOf(family) }] as const];
    },
  );
  return {
    syscalls: Object.fromEntries(
      (readSyscallTable(source.path, 'x86') ?? []).map(({ nr, name, entry }) => {
        const options = optionsOf(calls.get(entry.replace(/^sys_/, '')));
        return [String(nr), { name, entry, options }];
      }),
    ),
    families: Object.fromEntries(families),
    filesystems: Object.fromEntries(
      [...ofKind('filesystem')].map(([name, one]) => [name, [...(known[name] ?? optionsOf(one))]]),
    ),
  };
}

/** Of the ways to have something, what to turn on for the one that needs least. */
function best({ condition }: Provision, space: Space): string[] {
  const ways = alternatives(condition).map((way) => settable(way, space));
  return ways.reduce((least, way) => (way.length < least.length ? way : least));
}

/** Replaces options without a prompt by one that brings them, unless the others do already. */
function settable(options: readonly string[], space: Space): string[] {
  const wanted = options.filter((name) => !always.has(name));
  const found = wanted.flatMap((name) => {
    const symbol = space.byName.get(name);
    if (symbol === undefined) return [];
    if (hasPrompt(symbol)) return [name];
    const sources = sourcesOf(symbol);
    if (sources.length === 0 || sources.some((by) => wanted.includes(by.name))) return [];
    const [first] = sources.sort(
      (a, b) => likeness(b.name, name) - likeness(a.name, name) || asksOf(a) - asksOf(b),
    );
    return first === undefined ? [] : [first.name];
  });
  return [...new Set(found)];
}

/** Options with a prompt that turn on one without: they select it, or its default names them. */
function sourcesOf({ selectedBy, defaults }: ConfigSymbol): ConfigSymbol[] {
  const selectors = selectedBy.map(({ by }) => by);
  const named = defaults.flatMap(({ value, condition }) =>
    [value, condition].flatMap((expression) => positiveIn(expression)),
  );
  return [...selectors, ...named].filter(hasPrompt);
}

/** How many options its dependencies name: of two, the one that asks for less is the likelier wish. */
function asksOf({ dependency }: ConfigSymbol): number {
  return namedIn(dependency).length;
}

/** The symbols that an expression names other than to deny them. */
function positiveIn(expression: Expression): ConfigSymbol[] {
  switch (expression.kind) {
    case 'symbol':
      return [expression.symbol];
    case 'and':
    case 'or':
      return [...positiveIn(expression.left), ...positiveIn(expression.right)];
    case 'not':
    case 'compare':
      return [];
  }
}

/** How many letters two names begin with together: QUOTA is meant by QUOTACTL, not XFS_QUOTA. */
function likeness(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

function hasPrompt({ prompts, constant }: ConfigSymbol): boolean {
  return prompts.length > 0 && !constant;
}
