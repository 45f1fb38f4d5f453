/**
 * Why there is no answer: rules that cannot all hold, of which none can be left out.
 */

import { Encoder } from './encoder.js';
import type { Reading } from './formula.js';
import type { Rule } from './rules.js';
import type { Task } from './task.js';
import { SatSolver, type Literal } from './sat.js';

/**
 * A smallest set of the rules that contradicts itself: without any one of them the others could hold.
 *
 * @param rules what the search went by
 * @param decided what comparisons of numbers and strings read
 * @returns undefined where the rules do not contradict each other
 */
export function minimalClash(
  task: Pick<Task, 'space' | 'base' | 'wanted'>,
  decided: Reading,
  rules: readonly Rule[],
): readonly Rule[] | undefined {
  const sat = new SatSolver();
  const encoder = new Encoder(
    sat,
    task,
    task.space.modules ? 'free' : 'off',
    decided,
    () => undefined,
  );
  const bySwitch = new Map<Literal, Rule>();
  for (const rule of rules) {
    const on = sat.variable(true);
    bySwitch.set(on, rule);
    encoder.add(rule, on ^ 1);
  }
  let clash = failing(sat, [...bySwitch.keys()]);
  if (clash === undefined) return undefined;
  for (const on of clash) {
    if (!clash.includes(on)) continue;
    const others: readonly Literal[] = clash.filter((other) => other !== on);
    clash = failing(sat, others) ?? clash;
  }
  return clash.flatMap((on) => bySwitch.get(on) ?? []);
}

/** The rules among these that clash; undefined where they can hold. */
function failing(sat: SatSolver, on: readonly Literal[]): readonly Literal[] | undefined {
  return sat.solve(on) ? undefined : sat.core;
}
