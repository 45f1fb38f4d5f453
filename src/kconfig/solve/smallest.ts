/**
 * Answers without a setting to spare. The cheapest solution may have one: a setting that only lowers
 * the cost, by hiding options that would be on by default. Without it the answer costs more, and
 * another may be cheaper.
 */

import type { ConfigSymbol, Values } from '../model.js';
import type { Modules } from './encoder.js';
import { isLogical, type Reading } from './formula.js';
import { isAgainstDependencies, Search, type Found, type Outcome } from './search.js';
import type { Settings, Task } from './task.js';

/** How often comparisons are decided anew after an answer has changed the numbers in them. */
const MOST_DECISIONS = 4;

/**
 * Cheapest solutions with settings to spare are looked at until the best so far is taken: this many of
 * a single setting, fewer of many, since each takes longer.
 */
const MOST_SPARE = 60;

/** A search that has ended, and what it went by. */
export interface Attempt {
  readonly outcome: Outcome;
  readonly search: Search;
  readonly modules: Modules;
  readonly decided: Reading;
}

/** Searches for the cheapest solution that makes none of the settings of `avoided`. */
export function attempt(
  task: Task,
  modules: Modules,
  avoided: readonly Settings[],
  known: Iterable<ConfigSymbol> = [],
): Attempt {
  let values: Values = task.base;
  for (let round = 1; ; round++) {
    const decided = reading(values, task.wanted);
    const search = new Search(task, modules, decided, avoided, known);
    const outcome = search.run();
    if (outcome.kind !== 'undecided' || round === MOST_DECISIONS) {
      return { outcome, search, modules, decided };
    }
    values = outcome.values;
  }
}

/** Numbers and strings as in the values, but for those that are wanted. */
function reading(values: Values, wanted: Settings): Reading {
  return {
    tristate: (symbol) => values.tristate(symbol),
    value: (symbol) => (isLogical(symbol) ? undefined : wanted.get(symbol)) ?? values.value(symbol),
  };
}

/**
 * The cheapest answer that has no setting to spare; undefined where there is none.
 * @param cheapest the search for the cheapest of all
 */
export function smallest(
  task: Task,
  cheapest: Attempt,
  avoided: readonly Settings[],
): Found | undefined {
  const seen = [...avoided];
  let best: Found | undefined;
  let next = cheapest;
  for (let round = 1; next.outcome.kind === 'found'; round++) {
    const { found } = next.outcome;
    if (best !== undefined && !isBetter(found, best)) break;
    const spare = withoutSpare(task, next.search, found);
    if (best === undefined || isBetter(spare, best)) best = spare;
    if (spare.settings.size === found.settings.size || round * found.settings.size >= MOST_SPARE)
      break;
    // Whatever has these settings and more has some to spare.
    seen.push(spare.settings);
    next = attempt(task, next.modules, seen, next.search.needed);
  }
  return best;
}

function isBetter(one: Found, other: Found): boolean {
  return (one.cost - other.cost || one.settings.size - other.settings.size) < 0;
}

/** Leaves settings out for as long as what is wanted still holds. */
function withoutSpare(task: Task, search: Search, found: Found): Found {
  let { settings, values } = found;
  // What one setting is needed for may be that another is there.
  for (let before: Settings | undefined; before !== settings;) {
    before = settings;
    for (const symbol of before.keys()) {
      const fewer = new Map(settings);
      fewer.delete(symbol);
      if (!search.couldDoWithout(symbol, settings)) continue;
      const after = task.apply(fewer);
      if (!isAnswer(task, after)) continue;
      settings = fewer;
      values = after;
    }
  }
  if (settings === found.settings) return found;
  const on = turnedOn(values, task.base);
  return { settings, values, cost: on.reduce((sum, each) => sum + task.cost(each), 0) };
}

function isAnswer({ base, wanted }: Task, after: Values): boolean {
  return (
    [...wanted].every(([symbol, value]) => after.value(symbol) === value) &&
    !base.space.symbols.some((symbol) => isAgainstDependencies(symbol, after, base))
  );
}

/** Options that are on in the one and off in the other. */
export function turnedOn(after: Values, before: Values): readonly ConfigSymbol[] {
  return after.space.symbols.filter(
    (symbol) =>
      !symbol.constant &&
      !symbol.isChoice &&
      isLogical(symbol) &&
      after.tristate(symbol) > 0 &&
      before.tristate(symbol) === 0,
  );
}
