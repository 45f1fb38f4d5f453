/**
 * Why an option has its value: the decisive reason first, then what else would have given the same. The
 * order in which things count is that of the kernel's programs (evaluate.ts computes by it).
 */

import type { Position, Tristate } from './ast.js';
import type { ConfigSymbol, Range, Reverse, Values } from './model.js';
import { textOf } from './needs.js';
import { compareValues } from './numbers.js';

export type Reason =
  /** The user set it; `wanted` where the dependencies, or a range, allowed less. */
  | { readonly kind: 'user'; readonly wanted?: string }
  | { readonly kind: 'selected' | 'implied'; readonly by: string; readonly position: Position }
  | { readonly kind: 'default'; readonly condition?: string; readonly position: Position }
  /** A member of a choice: which one was taken, and whether the user said so. */
  | { readonly kind: 'choice'; readonly chosen?: string; readonly byUser: boolean }
  | {
      readonly kind: 'range';
      readonly low: string;
      readonly high: string;
      readonly position: Position;
    }
  /** Its dependencies are not met. */
  | { readonly kind: 'dependency' }
  /** They are, but its prompt is not shown. */
  | { readonly kind: 'hidden' }
  /** It has no prompt, and nothing that is on turns it on. */
  | { readonly kind: 'unselected' }
  /** The user could turn it on, and did not. */
  | { readonly kind: 'unasked' };

/** The reasons for an option's value; at least one. */
export function reasonsOf(values: Values, symbol: ConfigSymbol): Reason[] {
  if (symbol.type !== 'bool' && symbol.type !== 'tristate') return textReasons(values, symbol);
  const value = values.tristate(symbol);
  if (symbol.choice !== undefined && values.visibility(symbol) > 0) {
    return [choiceReason(values, symbol), ...reverseReasons(values, symbol, 'selected', value)];
  }
  if (value === 0) return [offReason(values, symbol)];
  const reasons = [
    ...userReason(values, symbol, value),
    ...reverseReasons(values, symbol, 'selected', value),
    ...defaultReason(values, symbol, value),
    ...reverseReasons(values, symbol, 'implied', value),
  ];
  return reasons.length > 0 ? reasons : [{ kind: 'unasked' }];
}

/** True where an option would have the value it has if the user had said nothing of it. */
export function wouldFollow(values: Values, symbol: ConfigSymbol): boolean {
  if (symbol.type !== 'bool' && symbol.type !== 'tristate') {
    const fallback = symbol.defaults.find(({ condition }) => values.evaluate(condition) > 0);
    return fallback?.value.kind === 'symbol'
      ? values.value(fallback.value.symbol) === values.value(symbol)
      : false;
  }
  if (symbol.choice !== undefined && !symbol.isChoice) {
    const { members, symbol: choice } = symbol.choice;
    const visible = (member: ConfigSymbol) => values.visibility(member) > 0;
    const byDefault = choice.defaults.flatMap(({ value, condition }) =>
      value.kind === 'symbol' && values.evaluate(condition) > 0 && visible(value.symbol)
        ? [value.symbol]
        : [],
    );
    const taken = byDefault[0] ?? members.find(visible);
    return (taken === symbol) === values.tristate(symbol) > 0;
  }
  const followed = Math.max(
    ...symbol.selectedBy.map((one) => reach(values, one)),
    Math.min(
      Math.max(defaultValue(values, symbol), ...symbol.impliedBy.map((one) => reach(values, one))),
      values.evaluate(symbol.dependency),
    ),
  );
  return rounded(symbol, followed as Tristate) === values.tristate(symbol);
}

/** What would have given a value that the user gave as well: its default, or who implies it. */
export function followedReason(values: Values, symbol: ConfigSymbol): Reason {
  const fallback = symbol.defaults.find(({ condition }) => values.evaluate(condition) > 0);
  if (fallback !== undefined) return { kind: 'default', position: fallback.position };
  const implied = symbol.impliedBy.find((one) => reach(values, one) > 0);
  if (implied === undefined) return { kind: 'unasked' };
  return { kind: 'implied', by: implied.by.name, position: implied.position };
}

function userReason(values: Values, symbol: ConfigSymbol, value: Tristate): Reason[] {
  const user = values.userValue(symbol);
  const visibility = values.visibility(symbol);
  if (user === undefined || visibility === 0) return [];
  const wanted = user === 'y' ? 2 : user === 'm' ? 1 : 0;
  if (rounded(symbol, Math.min(wanted, visibility) as Tristate) < value) return [];
  return [wanted > value ? { kind: 'user', wanted: user } : { kind: 'user' }];
}

function reverseReasons(
  values: Values,
  symbol: ConfigSymbol,
  kind: 'selected' | 'implied',
  value: Tristate,
): Reason[] {
  if (value === 0) return [];
  if (kind === 'implied' && values.visibility(symbol) > 0 && values.userValue(symbol)) return [];
  return (kind === 'selected' ? symbol.selectedBy : symbol.impliedBy)
    .filter((one) => rounded(symbol, reach(values, one)) >= value)
    .map(({ by, position }) => ({ kind, by: by.name, position }));
}

function defaultReason(values: Values, symbol: ConfigSymbol, value: Tristate): Reason[] {
  if (values.visibility(symbol) > 0 && values.userValue(symbol) !== undefined) return [];
  if (rounded(symbol, defaultValue(values, symbol)) < value) return [];
  const first = symbol.defaults.find(({ condition }) => values.evaluate(condition) > 0);
  if (first === undefined) return [];
  return [{ kind: 'default', ...conditionOf(first.value, values), position: first.position }];
}

/** What a default's value is, where it says more than y. */
function conditionOf(
  value: ConfigSymbol['defaults'][number]['value'],
  values: Values,
): { condition?: string } {
  const plain = value.kind === 'symbol' && value.symbol === values.space.yes;
  return plain ? {} : { condition: textOf(value) };
}

function choiceReason(values: Values, symbol: ConfigSymbol): Reason {
  const chosen = symbol.choice?.members.find((member) => values.tristate(member) > 0);
  if (chosen === undefined) return { kind: 'choice', byUser: false };
  const byUser = values.userValue(chosen) !== undefined && values.userValue(chosen) !== 'n';
  return { kind: 'choice', chosen: chosen.name, byUser };
}

function offReason(values: Values, symbol: ConfigSymbol): Reason {
  if (values.evaluate(symbol.dependency) === 0) return { kind: 'dependency' };
  if (values.visibility(symbol) === 0) {
    return { kind: symbol.prompts.length === 0 ? 'unselected' : 'hidden' };
  }
  return values.userValue(symbol) === undefined ? { kind: 'unasked' } : { kind: 'user' };
}

function textReasons(values: Values, symbol: ConfigSymbol): Reason[] {
  const value = values.value(symbol);
  const user = values.visibility(symbol) > 0 ? values.userValue(symbol) : undefined;
  const range = symbol.ranges.find(({ condition }) => values.evaluate(condition) > 0);
  const limits: Reason[] = range === undefined ? [] : [rangeReason(values, range)];
  if (user !== undefined) {
    return user === value ? [{ kind: 'user' }] : [...limits, { kind: 'user', wanted: user }];
  }
  const first = symbol.defaults.find(({ condition }) => values.evaluate(condition) > 0);
  if (first !== undefined) {
    const { position } = first;
    const given = first.value.kind === 'symbol' ? values.value(first.value.symbol) : '';
    const kept = compareValues(given, symbol.type, value, symbol.type) === 0;
    return [
      ...(kept ? [] : limits),
      { kind: 'default', ...conditionOf(first.value, values), position },
    ];
  }
  if (values.visibility(symbol) > 0) return [{ kind: 'unasked' }];
  return [offReason(values, symbol)];
}

function rangeReason(values: Values, { low, high, position }: Range): Reason {
  return { kind: 'range', low: values.value(low), high: values.value(high), position };
}

function reach(values: Values, { by, condition }: Reverse): Tristate {
  return Math.min(values.tristate(by), values.evaluate(condition)) as Tristate;
}

function defaultValue(values: Values, symbol: ConfigSymbol): Tristate {
  const first = symbol.defaults.find(({ condition }) => values.evaluate(condition) > 0);
  if (first === undefined) return 0;
  return Math.min(values.evaluate(first.value), values.evaluate(first.condition)) as Tristate;
}

/** A bool is y where m would be. */
function rounded({ type }: ConfigSymbol, value: Tristate): Tristate {
  return type === 'bool' && value === 1 ? 2 : value;
}
