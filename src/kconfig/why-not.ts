/**
 * What keeps an option from a value, and the smallest change that gives it: the conditions that are not
 * met, each with its place, and the solver's answer as lines of a configuration fragment.
 */

import type { Position } from './ast.js';
import type { Configuration } from './configuration.js';
import { definitionsOf, link } from './explain.js';
import type { Link } from './explain.js';
import type { ConfigSymbol } from './model.js';
import { unmetParts } from './needs.js';
import type { Need, PlacedNeed } from './needs.js';
import { reasonsOf } from './reasons.js';
import type { Reason } from './reasons.js';
import { baseOf } from './solve/base.js';
import { want } from './solve/want.js';
import type { Answer } from './solve/want.js';
import type { Rule } from './solve/rules.js';
import { tellRule } from './solve/tell.js';
import type { Written } from './written.js';

export interface WhyNot {
  readonly name: string;
  /** What is wanted, and what is. They are the same where nothing is in the way. */
  readonly wanted: string;
  readonly value: string;
  /** Why it has the value it has. */
  readonly reasons: readonly Reason[];
  /** For each definition what is not met; one without an obstacle is enough. */
  readonly obstacles: readonly Obstacle[];
  /** Where it has no prompt: who could turn it on. */
  readonly selectors: readonly Link[];
  readonly fix: Fix;
}

export interface Obstacle {
  /** Of the definition. */
  readonly position: Position;
  /** Conditions that do not hold. */
  readonly unmet: readonly UnmetNeed[];
  /** Nobody can set it here: it has no prompt. */
  readonly promptless: boolean;
}

export interface UnmetNeed extends PlacedNeed {
  /** The parts that fail. */
  readonly failing: readonly Need[];
}

export type Fix =
  | { readonly kind: 'none needed' }
  | { readonly kind: 'settings'; readonly answer: Answer }
  /** The rules that contradict each other. */
  | { readonly kind: 'impossible'; readonly clash: readonly ClashingRule[] }
  | { readonly kind: 'unknown' };

export interface ClashingRule {
  readonly kind: Rule['kind'];
  /** Whom it is about. */
  readonly name: string;
  /** In words, with its place. */
  readonly text: string;
  readonly position?: Position;
}

/** Asks why an option does not have a value. @param wanted of the option's type, as `.config` has it. */
export function whyNot(
  values: Configuration,
  symbol: ConfigSymbol,
  wanted: string,
  written: Written,
): WhyNot {
  const value = values.value(symbol);
  const definitions = definitionsOf(values, symbol, written);
  return {
    name: symbol.name,
    wanted,
    value,
    reasons: reasonsOf(values, symbol),
    obstacles:
      wanted === 'n'
        ? []
        : definitions.map(({ position, needs, shown, prompt }) => ({
            position,
            promptless: prompt === undefined,
            unmet: [...needs, ...shown]
              .filter((need) => need.value === 'n')
              .map((need) => ({ ...need, failing: unmetParts(need) })),
          })),
    selectors: definitions.some(({ prompt }) => prompt !== undefined)
      ? []
      : symbol.selectedBy.map((one) => link(values, one, one.by)),
    fix: value === wanted ? { kind: 'none needed' } : fixOf(values, symbol, wanted, written),
  };
}

function fixOf(values: Configuration, symbol: ConfigSymbol, wanted: string, written: Written): Fix {
  const result = want(baseOf(values), { [symbol.name]: wanted }, { written });
  switch (result.kind) {
    case 'answers': {
      const [answer] = result.answers;
      return answer === undefined ? { kind: 'unknown' } : { kind: 'settings', answer };
    }
    case 'impossible':
      return { kind: 'impossible', clash: result.clash.map(clashing) };
    case 'undecided':
      return { kind: 'unknown' };
  }
}

function clashing(rule: Rule): ClashingRule {
  const { kind, symbol, position } = rule;
  return {
    kind,
    name: symbol.name,
    text: tellRule(rule),
    ...(position === undefined ? {} : { position }),
  };
}
