/**
 * What else has to be set for options to have the values one wants: the cheapest settings, or the rules
 * that forbid it.
 *
 * Every answer was put to the evaluator before it is given. Comparisons with numbers and strings in
 * dependencies are taken as the base decides them, or as the answer itself does where that differs;
 * no number is changed to satisfy one, unless the caller wants that number. `MODULES` stays as in the
 * base unless it is wanted or nothing else helps.
 */

import type { ConfigSymbol, Space, Values } from '../model.js';
import type { Modules } from './encoder.js';
import { isLogical, type Reading } from './formula.js';
import { minimalClash } from './proof.js';
import type { Rule } from './rules.js';
import { isAgainstDependencies, Search, type Found, type Outcome } from './search.js';
import type { Settings, Task } from './task.js';
import { placeRules } from './tell.js';
import { checkWanted } from './wanted.js';
import type { Written } from '../written.js';

/** A configuration to start from. */
export interface Base extends Values {
  /** What would be with these set too; the base itself stays as it is, and so does what is returned. */
  with(settings: Settings): Values;
}

export interface WantOptions {
  /** What it costs to turn an option on, 0 or more; 1 for each unless given. */
  readonly cost?: (symbol: ConfigSymbol) => number;
  /** How many answers to look for; 1 unless given. */
  readonly answers?: number;
  /** What the files say; with it, the rules of a refusal tell the very lines of dependencies. */
  readonly written?: Written;
}

/** One setting of an answer. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

export interface Answer {
  /** What the user has to set beyond the base, in the order of the files. */
  readonly settings: readonly Setting[];
  /** Of everything that is on and was not. */
  readonly cost: number;
  /** Options that are on and were not, and the other way about, in the order of the files. */
  readonly turnedOn: readonly string[];
  readonly turnedOff: readonly string[];
}

export type WantResult =
  /** The cheapest first. */
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  /** These rules cannot hold together, and none of them can be left out. */
  | { readonly kind: 'impossible'; readonly clash: readonly Rule[] }
  /** Neither was found: the evaluator rejected every candidate, for what numbers and strings were. */
  | { readonly kind: 'undecided' };

/** How often comparisons are decided anew after an answer has changed the numbers in them. */
const MOST_DECISIONS = 4;

/** How many cheapest answers with settings to spare are looked at before the best so far is taken. */
const MOST_SPARE = 10;

/**
 * @param wanted names, with or without `CONFIG_`, and values as `.config` has them, strings unquoted
 * @throws WantError for unknown names, and values that are not of their option's type
 */
export function want(
  base: Base,
  wanted: Readonly<Record<string, string>>,
  { cost = () => 1, answers: most = 1, written }: WantOptions = {},
): WantResult {
  const { space } = base;
  const settings = checkWanted(space, wanted);
  const task: Task = { space, base, wanted: settings, cost, apply: (more) => base.with(more) };
  const answers: Found[] = [];
  const avoided: Settings[] = [];
  let first: Attempt | undefined;
  for (const modules of modulesToTry(space, base, settings)) {
    first = attempt(task, modules, avoided);
    if (first.outcome.kind === 'found') break;
  }
  for (let next = first; next !== undefined && answers.length < most;) {
    const answer = smallest(task, next, avoided);
    if (answer === undefined) break;
    answers.push(answer);
    if (answer.settings.size === 0) break;
    avoided.push(answer.settings);
    next = attempt(task, next.modules, avoided);
  }
  if (answers.length > 0) {
    answers.sort((one, other) => one.cost - other.cost);
    return { kind: 'answers', answers: answers.map((found) => answerOf(base, found)) };
  }
  return refusal(task, first, written);
}

interface Attempt {
  readonly outcome: Outcome;
  readonly modules: Modules;
  readonly decided: Reading;
}

function modulesToTry(space: Space, base: Values, wanted: Settings): readonly Modules[] {
  const { modules } = space;
  if (modules === undefined) return ['off'];
  const asked = wanted.get(modules);
  if (asked !== undefined) return [asked === 'n' ? 'off' : 'on'];
  return [base.tristate(modules) > 0 ? 'on' : 'off', 'free'];
}

function attempt(task: Task, modules: Modules, avoided: readonly Settings[]): Attempt {
  let values: Values = task.base;
  for (let round = 1; ; round++) {
    const decided = reading(values, task.wanted);
    const outcome = new Search(task, modules, decided, avoided).run();
    if (outcome.kind !== 'undecided' || round === MOST_DECISIONS) {
      return { outcome, modules, decided };
    }
    values = outcome.values;
  }
}

/**
 * The cheapest answer that has no setting to spare. The cheapest of all may have one: a setting that
 * only lowers the cost, by hiding options that would be on by default. Without it the answer costs
 * more, and another may be cheaper.
 */
function smallest(task: Task, cheapest: Attempt, avoided: readonly Settings[]): Found | undefined {
  const seen = [...avoided];
  let best: Found | undefined;
  let next = cheapest;
  for (let round = 1; next.outcome.kind === 'found'; round++) {
    const { found } = next.outcome;
    if (best !== undefined && !isBetter(found, best)) break;
    const spare = withoutSpare(task, found);
    if (best === undefined || isBetter(spare, best)) best = spare;
    if (spare.settings.size === found.settings.size || round === MOST_SPARE) break;
    seen.push(found.settings);
    next = attempt(task, next.modules, seen);
  }
  return best;
}

function isBetter(one: Found, other: Found): boolean {
  return (one.cost - other.cost || one.settings.size - other.settings.size) < 0;
}

/** Leaves settings out for as long as what is wanted still holds. */
function withoutSpare(task: Task, found: Found): Found {
  const { base, wanted } = task;
  let { settings, values } = found;
  for (const symbol of found.settings.keys()) {
    const fewer = new Map(settings);
    fewer.delete(symbol);
    const after = task.apply(fewer);
    if ([...wanted].some(([each, value]) => after.value(each) !== value)) continue;
    if (base.space.symbols.some((each) => isAgainstDependencies(each, after, base))) continue;
    settings = fewer;
    values = after;
  }
  if (settings === found.settings) return found;
  const on = turnedOn(values, base);
  return { settings, values, cost: on.reduce((sum, each) => sum + task.cost(each), 0) };
}

/** Numbers and strings as in the values, but for those that are wanted. */
function reading(values: Values, wanted: Settings): Reading {
  return {
    tristate: (symbol) => values.tristate(symbol),
    value: (symbol) => (isLogical(symbol) ? undefined : wanted.get(symbol)) ?? values.value(symbol),
  };
}

function refusal(task: Task, last: Attempt | undefined, written: Written | undefined): WantResult {
  if (last?.outcome.kind !== 'impossible') return { kind: 'undecided' };
  const clash = minimalClash(task, last.decided, last.outcome.rules);
  if (clash === undefined) return { kind: 'undecided' };
  return { kind: 'impossible', clash: written ? placeRules(clash, written) : clash };
}

function answerOf(base: Base, { settings, cost, values }: Found): Answer {
  return {
    settings: [...settings]
      .sort(([one], [other]) => one.index - other.index)
      .map(([{ name }, value]) => ({ name, value })),
    cost,
    turnedOn: turnedOn(values, base).map(({ name }) => name),
    turnedOff: turnedOn(base, values).map(({ name }) => name),
  };
}

/** Options that are on in the one and off in the other. */
function turnedOn(after: Values, before: Values): readonly ConfigSymbol[] {
  return after.space.symbols.filter(
    (symbol) =>
      !symbol.constant &&
      !symbol.isChoice &&
      isLogical(symbol) &&
      after.tristate(symbol) > 0 &&
      before.tristate(symbol) === 0,
  );
}
