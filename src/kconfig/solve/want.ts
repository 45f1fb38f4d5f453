/**
 * What else has to be set for options to have the values one wants: the cheapest settings, or the rules
 * that forbid it.
 *
 * Every answer was put to the evaluator before it is given. What is exact, and what is not:
 * - Numbers and strings in comparisons and ranges follow the base's decisions and their own defaults;
 *   none is changed to satisfy a comparison, unless the caller wants that number.
 * - `MODULES` stays as in the base unless it is wanted or nothing else helps.
 * - No setting of an answer can be left out. That no other such answer is cheaper is certain where the
 *   cheapest solution has no setting to spare, and otherwise for answers of few settings (smallest.ts).
 * - 6.1's choices between tristates are never put in the mode where several members are m.
 */

import type { ConfigSymbol, Space, Values } from '../model.js';
import type { Written } from '../written.js';
import type { Modules } from './encoder.js';
import { minimalClash } from './proof.js';
import type { Rule } from './rules.js';
import type { Found } from './search.js';
import { attempt, smallest, turnedOn, type Attempt } from './smallest.js';
import type { Settings, Task } from './task.js';
import { placeRules } from './tell.js';
import { checkWanted } from './wanted.js';

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
    next = attempt(task, next.modules, avoided, next.search.needed);
  }
  if (answers.length > 0) {
    answers.sort((one, other) => one.cost - other.cost);
    return { kind: 'answers', answers: answers.map((found) => answerOf(base, found)) };
  }
  return refusal(task, first, written);
}

function modulesToTry(space: Space, base: Values, wanted: Settings): readonly Modules[] {
  const { modules } = space;
  if (modules === undefined) return ['off'];
  const asked = wanted.get(modules);
  if (asked !== undefined) return [asked === 'n' ? 'off' : 'on'];
  return [base.tristate(modules) > 0 ? 'on' : 'off', 'free'];
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
