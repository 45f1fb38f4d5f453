/**
 * The smallest configuration in which some options hold as they do in another: what none of them needs is
 * dropped. Numbers, strings and choices keep their values where they still can be set, since dropping one
 * would change what is built, not only leave something out.
 */

import type { Configuration } from './configuration.js';
import type { ConfigSymbol, Expression, Values } from './model.js';
import { followedReason, reasonsOf, wouldFollow } from './reasons.js';
import type { Reason } from './reasons.js';
import { allNo, baseOf } from './solve/base.js';
import { want } from './solve/want.js';
import type { Setting } from './solve/want.js';

export interface Minimised {
  readonly kind: 'minimised';
  readonly values: Configuration;
  /** What the user has to set beyond allnoconfig. */
  readonly settings: readonly Setting[];
  readonly kept: readonly Kept[];
  readonly dropped: readonly Dropped[];
}

/** An option that is on, and is not in allnoconfig. */
export interface Kept {
  readonly name: string;
  readonly wanted: boolean;
  /** Kept options whose dependencies would not hold without it. */
  readonly neededBy: readonly string[];
  readonly reason: Reason;
}

/** An option that is on no more. */
export interface Dropped {
  readonly name: string;
  /** Why it had been on. */
  readonly reason: Reason;
  /** It would have been on in any case, given the others: nobody needs to look for who asked. */
  readonly followed: boolean;
}

export type MinimiseResult =
  | Minimised
  /** Options that do not have the wanted value in the full configuration. */
  | { readonly kind: 'missing'; readonly missing: readonly Setting[] }
  /** The solver found no way; the full configuration itself may go against its dependencies. */
  | { readonly kind: 'undecided' };

/** What an option costs that the full configuration does not have: more than all that it has. */
const FOREIGN = 100_000;

/**
 * Minimises a configuration. The result is computed by the evaluator, and what is wanted holds in it.
 * @param full the configuration to drop from. @param wanted by name, with the values they have in it.
 * @throws WantError for names that do not exist and values that are not of their option's type
 */
export function minimise(full: Values, wanted: Readonly<Record<string, string>>): MinimiseResult {
  const { space } = full;
  const missing = Object.entries(wanted).flatMap(([name, value]) => {
    const symbol = space.byName.get(name);
    const given = symbol === undefined ? value : full.value(symbol);
    return given === value ? [] : [{ name, value: given }];
  });
  if (missing.length > 0) return { kind: 'missing', missing };
  const cost = (symbol: ConfigSymbol) => (full.tristate(symbol) > 0 ? 1 : FOREIGN);
  const nothing = allNo(space);
  const result = want(baseOf(nothing), wanted, { cost });
  const [answer] = result.kind === 'answers' ? result.answers : [];
  if (answer === undefined) return { kind: 'undecided' };
  const settings = new Map(
    answer.settings.flatMap(({ name, value }) => {
      const symbol = space.byName.get(name);
      return symbol === undefined ? [] : [[symbol, value] as const];
    }),
  );
  const values = withParameters(full, settings, wanted);
  return {
    kind: 'minimised',
    values,
    settings: [...settings]
      .sort(([one], [other]) => one.index - other.index)
      .map(([{ name }, value]) => ({ name, value })),
    kept: keptOf(nothing, values, wanted),
    dropped: droppedOf(full, values),
  };
}

/** Adds the numbers, strings and choices of the full configuration that can still be set. */
function withParameters(
  full: Values,
  settings: Map<ConfigSymbol, string>,
  wanted: Readonly<Record<string, string>>,
): Configuration {
  let values = allNo(full.space, settings);
  for (const symbol of full.space.symbols) {
    if (!isParameter(full, symbol) || settings.has(symbol)) continue;
    const value = full.value(symbol);
    if (values.visibility(symbol) === 0 || values.value(symbol) === value) continue;
    values.set(symbol, value);
    if (holds(values, wanted) && values.value(symbol) === value) settings.set(symbol, value);
    else values = allNo(full.space, settings);
  }
  return values;
}

function isParameter(full: Values, symbol: ConfigSymbol): boolean {
  if (symbol.constant || symbol.isChoice || symbol.type === 'unknown') return false;
  if (full.userValue(symbol) === undefined) return false;
  if (symbol.type !== 'bool' && symbol.type !== 'tristate') return true;
  return symbol.choice !== undefined && full.tristate(symbol) > 0;
}

function holds(values: Values, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    const symbol = values.space.byName.get(name);
    return symbol !== undefined && values.value(symbol) === value;
  });
}

function keptOf(base: Values, values: Values, wanted: Readonly<Record<string, string>>): Kept[] {
  const kept = onIn(values).filter((symbol) => base.tristate(symbol) === 0);
  return kept.map((symbol) => ({
    name: symbol.name,
    wanted: Object.hasOwn(wanted, symbol.name),
    neededBy: kept
      .filter((other) => other !== symbol && !heldWithout(values, other.dependency, symbol))
      .map(({ name }) => name),
    reason: reasonsOf(values, symbol)[0] ?? { kind: 'unasked' },
  }));
}

/** Whether an expression would hold with a symbol off, all others being as they are. */
function heldWithout(values: Values, expression: Expression, off: ConfigSymbol): boolean {
  const evaluate = (part: Expression): number => {
    switch (part.kind) {
      case 'symbol':
        return part.symbol === off ? 0 : values.tristate(part.symbol);
      case 'not':
        return 2 - evaluate(part.of);
      case 'and':
        return Math.min(evaluate(part.left), evaluate(part.right));
      case 'or':
        return Math.max(evaluate(part.left), evaluate(part.right));
      case 'compare':
        return values.evaluate(part);
    }
  };
  return evaluate(expression) > 0;
}

function droppedOf(full: Values, values: Values): Dropped[] {
  return onIn(full)
    .filter((symbol) => values.tristate(symbol) === 0)
    .map((symbol) => {
      const reasons = reasonsOf(full, symbol);
      const followed = wouldFollow(full, symbol);
      const [first = { kind: 'unasked' }] = reasons;
      const other = reasons.find(({ kind }) => kind !== 'user') ?? followedReason(full, symbol);
      const reason = followed ? other : first;
      return { name: symbol.name, reason, followed };
    });
}

/** Bools and tristates that are on, in the order of the files. */
function onIn(values: Values): ConfigSymbol[] {
  return values.space.symbols.filter(
    (symbol) =>
      !symbol.constant &&
      !symbol.isChoice &&
      (symbol.type === 'bool' || symbol.type === 'tristate') &&
      values.tristate(symbol) > 0,
  );
}
