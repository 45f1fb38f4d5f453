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
import { alternatives, readSyscallTable } from '../kconfig/source/index.js';
import type { Provision } from '../kconfig/source/index.js';
import { cached, keyOf } from '../support/store.js';
import { symbolsOf } from './expression.js';
import { provisions } from './source-facts.js';
import { readSymbols } from './symbols.js';
import type { Symbols } from './symbols.js';
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
const FORMAT = '3';

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
  const [found, symbols, header] = await Promise.all([
    provisions(source, context),
    readSymbols(source.path),
    readFile(join(source.path, 'include/linux/socket.h'), 'utf8'),
  ]);
  const optionsOf = (provision: Provision | undefined) =>
    provision === undefined ? [] : best(provision, symbols);
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
function best({ condition }: Provision, symbols: Symbols): string[] {
  const ways = alternatives(condition).map((way) => settable(way, symbols));
  return ways.reduce((least, way) => (way.length < least.length ? way : least));
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
