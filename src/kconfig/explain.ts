/**
 * All that can be said of one option in a configuration: its value and why, what it needs and whether
 * that is there, what needs it, who selects it. Plain data, for a program to print or keep.
 */

import type { Position } from './ast.js';
import type { ConfigSymbol, Expression, Reverse, SymbolType, Values } from './model.js';
import { needOf, placedNeed, unmetParts } from './needs.js';
import type { PlacedNeed } from './needs.js';
import { reasonsOf } from './reasons.js';
import type { Reason } from './reasons.js';
import type { Written } from './written.js';

export interface Explanation {
  /** Without `CONFIG_`. */
  readonly name: string;
  readonly type: SymbolType;
  /** As `.config` has it, strings without quotes. */
  readonly value: string;
  /** The decisive one first. */
  readonly reasons: readonly Reason[];
  /** The user could change it, in this configuration. */
  readonly visible: boolean;
  readonly definitions: readonly DefinitionView[];
  readonly choice?: ChoiceView;
  readonly selectedBy: readonly Link[];
  readonly impliedBy: readonly Link[];
  readonly selects: readonly Link[];
  readonly implies: readonly Link[];
  /** Options that cannot be on without it, in the order of the files. */
  readonly neededBy: readonly OptionValue[];
}

export interface OptionValue {
  readonly name: string;
  readonly value: string;
}

export interface DefinitionView {
  readonly position: Position;
  /** The menus it is in, outermost first. */
  readonly path: readonly string[];
  readonly prompt?: string;
  readonly help?: string;
  readonly needs: readonly PlacedNeed[];
  /** What must hold besides for its prompt to be shown. */
  readonly shown: readonly PlacedNeed[];
}

export interface ChoiceView {
  readonly prompt: string;
  readonly members: readonly OptionValue[];
}

/** The other end of a select or imply. */
export interface Link extends OptionValue {
  readonly position: Position;
  /** Its conditions hold and who selects is on: it takes effect. */
  readonly active: boolean;
  /** Where who selects is on all the same: what of the conditions does not hold. */
  readonly unmet: readonly string[];
}

/** Explains an option. @param symbol one that the space defines. */
export function explain(values: Values, symbol: ConfigSymbol, written: Written): Explanation {
  const { choice } = symbol;
  return {
    name: symbol.name,
    type: symbol.type,
    value: values.value(symbol),
    reasons: reasonsOf(values, symbol),
    visible: values.visibility(symbol) > 0,
    definitions: definitionsOf(values, symbol, written),
    ...(choice === undefined || symbol.isChoice
      ? {}
      : {
          choice: {
            prompt: choice.node.prompt?.text ?? '',
            members: choice.members.map((member) => optionValue(values, member)),
          },
        }),
    selectedBy: symbol.selectedBy.map((one) => link(values, one, one.by)),
    impliedBy: symbol.impliedBy.map((one) => link(values, one, one.by)),
    selects: symbol.selects.map((one) => link(values, one, one.target)),
    implies: symbol.implies.map((one) => link(values, one, one.target)),
    neededBy: dependents(values.space.symbols, symbol).map((one) => optionValue(values, one)),
  };
}

/** Its definitions, with their conditions as they stand in the files. */
export function definitionsOf(
  values: Values,
  symbol: ConfigSymbol,
  written: Written,
): DefinitionView[] {
  return written.definitionsOf(symbol.name).map(({ asks, shown, ...rest }) => ({
    ...rest,
    needs: asks.map((ask) => placedNeed(ask, values)),
    shown: shown.map((ask) => placedNeed(ask, values)),
  }));
}

function optionValue(values: Values, symbol: ConfigSymbol): OptionValue {
  return { name: symbol.name, value: values.value(symbol) };
}

/** @param other whom to name: the selecting or the selected one. */
export function link(values: Values, reverse: Reverse, other: ConfigSymbol): Link {
  const { by, condition, position } = reverse;
  const on = values.tristate(by) > 0;
  const met = values.evaluate(condition) > 0;
  const unmet = on && !met ? unmetParts(needOf(condition, values)).map(({ text }) => text) : [];
  return { ...optionValue(values, other), position, active: on && met, unmet };
}

/** Those of these options that cannot be on without one. */
export function dependents(of: readonly ConfigSymbol[], symbol: ConfigSymbol): ConfigSymbol[] {
  return of.filter(
    (other) =>
      !other.constant &&
      !other.isChoice &&
      other !== symbol &&
      isLogical(other) &&
      namesIt(other.dependency, symbol) &&
      couldHold(other.dependency, symbol) === false,
  );
}

function isLogical({ type }: ConfigSymbol): boolean {
  return type === 'bool' || type === 'tristate';
}

function namesIt(expression: Expression, symbol: ConfigSymbol): boolean {
  switch (expression.kind) {
    case 'symbol':
      return expression.symbol === symbol;
    case 'not':
      return namesIt(expression.of, symbol);
    case 'compare':
      return expression.left === symbol || expression.right === symbol;
    default:
      return namesIt(expression.left, symbol) || namesIt(expression.right, symbol);
  }
}

/** Whether an expression holds with a symbol off, whatever the others are; undefined where it depends. */
function couldHold(expression: Expression, off: ConfigSymbol): boolean | undefined {
  switch (expression.kind) {
    case 'symbol':
      return expression.symbol === off ? false : undefined;
    case 'not': {
      const value = couldHold(expression.of, off);
      return value === undefined ? undefined : !value;
    }
    case 'compare': {
      const { left, right, operator } = expression;
      if (left !== off || !right.constant) return undefined;
      if (operator === '=') return right.name === 'n';
      return operator === '!=' ? right.name !== 'n' : undefined;
    }
    default: {
      const decisive = expression.kind === 'or';
      const left = couldHold(expression.left, off);
      if (left === decisive) return decisive;
      const right = couldHold(expression.right, off);
      if (right === decisive) return decisive;
      return left === undefined || right === undefined ? undefined : !decisive;
    }
  }
}
