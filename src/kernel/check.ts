/**
 * What was asked against what came out. Kconfig drops in silence what it cannot grant; here every
 * request that did not take is found, and explained from the tree's Kconfig files.
 */

import { LupineError } from '../support/errors.js';
import type { Context } from '../support/context.js';
import { isMet, symbolsOf } from './expression.js';
import { nearestNames, readSymbols } from './symbols.js';
import type { Definition, Symbols } from './symbols.js';
import type { OptionRequest } from './types.js';

/** A request that did not take. */
export interface Failure {
  readonly request: OptionRequest;
  /** `n` when it is off or unknown. */
  readonly got: string;
  /** One clause: why, and what to do. */
  readonly reason: string;
}

/**
 * Compares requests with a result.
 * @param values the `.config`, by `parseConfig`. @param tree the source tree, read only on failure.
 */
export async function findFailures(
  requests: readonly OptionRequest[],
  values: ReadonlyMap<string, string>,
  tree: string,
): Promise<Failure[]> {
  const failed = requests.filter(({ name, value }) => !same(value, values.get(name) ?? 'n'));
  if (failed.length === 0) return [];
  const symbols = await readSymbols(tree);
  return failed
    .filter(({ name, outcome }) => outcome === undefined || !isOutcome(name, symbols))
    .map((request) => ({
      request,
      got: values.get(request.name) ?? 'n',
      reason: explain(request, values, symbols),
    }));
}

/**
 * As `findFailures`, but failures are an error: the first in its line, the others as notes.
 * @throws LupineError
 */
export async function requireTaken(
  requests: readonly OptionRequest[],
  values: ReadonlyMap<string, string>,
  tree: string,
  context: Context,
): Promise<void> {
  const failures = await findFailures(requests, values, tree);
  const [first, ...others] = failures.map((failure) => {
    const { request, got, reason } = failure;
    const what = `CONFIG_${request.name} did not take: wanted ${request.value}, got ${got}`;
    const because = request.because === undefined ? '' : ` because: ${shorten(request.because)}`;
    return { what, where: `asked by ${request.from}${because}`, fix: reason };
  });
  if (first === undefined) return;
  for (const other of others) {
    context.progress.note(`${other.what}: ${other.where} — ${other.fix}`);
  }
  const more = others.length === 0 ? '' : ` (and ${others.length} more, listed above)`;
  throw new LupineError(`${first.what}${more}`, { where: first.where, fix: first.fix });
}

/** Nobody can set it: in a complete `.config` it says what came out there, e.g. the compiler. */
function isOutcome(name: string, symbols: Symbols): boolean {
  const definitions = symbols.definitions.get(name);
  return definitions !== undefined && !definitions.some(({ prompt }) => prompt);
}

/** Numbers are compared as numbers: Kconfig keeps a hex value as it was written. */
function same(wanted: string, got: string): boolean {
  if (wanted === got) return true;
  const number = /^-?(?:0x[0-9a-f]+|[0-9]+)$/i;
  return number.test(wanted) && number.test(got) && Number(wanted) === Number(got);
}

function explain(
  request: OptionRequest,
  values: ReadonlyMap<string, string>,
  symbols: Symbols,
): string {
  const definitions = symbols.definitions.get(request.name);
  if (definitions === undefined) {
    const near = nearestNames(request.name, symbols.definitions.keys());
    return near.length === 0
      ? 'this kernel has no such option: check the name, or remove it'
      : `this kernel has no such option; near it are ${near.join(', ')}`;
  }
  if (request.value === 'n') return explainForced(request.name, definitions, values, symbols);
  const unmet = definitions.flatMap((definition) => unmetOf(definition, values));
  if (unmet.length > 0 && definitions.every((one) => unmetOf(one, values).length > 0)) {
    return `it depends on ${[...new Set(unmet)].join('; ')}`;
  }
  if (!definitions.some(({ prompt }) => prompt)) {
    const by = (symbols.selectors.get(request.name) ?? []).map((selector) => selector.by);
    return by.length === 0
      ? `it has no prompt (${places(definitions)}), so nobody can set it: remove the request`
      : `it has no prompt; it is selected by ${listOf(by)}: ask for one of them`;
  }
  if (request.value === 'm') return 'without CONFIG_MODULES nothing can be a module: ask for y';
  return `its dependencies are met (${places(definitions)}): it may be the member of a choice where another was chosen, out of its range, or in a menu that is off`;
}

function explainForced(
  name: string,
  definitions: readonly Definition[],
  values: ReadonlyMap<string, string>,
  symbols: Symbols,
): string {
  const forcing = (symbols.selectors.get(name) ?? []).filter(({ by }) => values.has(by));
  if (forcing.length > 0) {
    const list = listOf(forcing.map(({ by, where }) => `${by} (${where})`));
    return `it is selected by ${list}: turn that off, or remove the request`;
  }
  return `it is on by its own default (${places(definitions)})${
    definitions.some(({ prompt }) => prompt) ? '' : ' and has no prompt'
  }: remove the request, or ask for CONFIG_EXPERT=y`;
}

/** The dependencies of a definition that do not hold, with the symbols in them that are off. */
function unmetOf({ depends }: Definition, values: ReadonlyMap<string, string>): string[] {
  return depends
    .filter(({ expression }) => isMet(expression, values) === false)
    .map(({ expression, where }) => {
      const off = symbolsOf(expression).filter((name) => !values.has(name));
      const which = off.length === 0 ? '' : `, off: ${off.slice(0, 4).join(' ')}`;
      return `${expression} (${where}${which})`;
    });
}

function places(definitions: readonly Definition[]): string {
  return definitions.map(({ where }) => where).join(', ');
}

function listOf(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const shown = unique.slice(0, 5).join(', ');
  return unique.length > 5 ? `${shown} and ${unique.length - 5} others` : shown;
}

function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}
