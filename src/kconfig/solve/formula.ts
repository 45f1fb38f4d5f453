/**
 * What rules are written in: the language's own expressions, and four connectives it lacks. Values are
 * tristate; `all` is the least, `any` the greatest of its parts.
 */

import type { Tristate } from '../ast.js';
import type { ConfigSymbol, Expression } from '../model.js';
import { compareValues } from '../numbers.js';

export type Formula =
  | Expression
  | { readonly kind: 'value'; readonly value: Tristate }
  /** y where it is n, and n where it is not: `!` leaves m as it is. */
  | { readonly kind: 'none'; readonly of: Formula }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Formula[] };

/** Whether it is written in the language alone. */
export function isExpression(formula: Formula): formula is Expression {
  return !['value', 'none', 'all', 'any'].includes(formula.kind);
}

/** What symbols are: of a configuration, of a solution, or of a reader who checks a proof by hand. */
export interface Reading {
  tristate(symbol: ConfigSymbol): Tristate;
  value(symbol: ConfigSymbol): string;
}

export const YES: Formula = { kind: 'value', value: 2 };
export const NO: Formula = { kind: 'value', value: 0 };

export function all(...of: readonly Formula[]): Formula {
  return { kind: 'all', of };
}

export function any(...of: readonly Formula[]): Formula {
  return { kind: 'any', of };
}

export function none(...of: readonly Formula[]): Formula {
  return { kind: 'none', of: any(...of) };
}

export function is(symbol: ConfigSymbol): Formula {
  return { kind: 'symbol', symbol };
}

/** Whether the symbol has one of the three values, and is no number or string. */
export function isLogical({ type }: ConfigSymbol): boolean {
  return type === 'bool' || type === 'tristate';
}

export function evaluate(formula: Formula, reading: Reading): Tristate {
  switch (formula.kind) {
    case 'symbol':
      return reading.tristate(formula.symbol);
    case 'value':
      return formula.value;
    case 'not':
      return (2 - evaluate(formula.of, reading)) as Tristate;
    case 'none':
      return evaluate(formula.of, reading) === 0 ? 2 : 0;
    case 'compare': {
      const { left, right, operator } = formula;
      const order = compareValues(reading.value(left), left.type, reading.value(right), right.type);
      return compares(order, operator) ? 2 : 0;
    }
    case 'and':
      return least([formula.left, formula.right], reading);
    case 'all':
      return least(formula.of, reading);
    case 'or':
      return greatest([formula.left, formula.right], reading);
    case 'any':
      return greatest(formula.of, reading);
  }
}

function least(parts: readonly Formula[], reading: Reading): Tristate {
  let result: Tristate = 2;
  for (const part of parts) {
    const value = evaluate(part, reading);
    if (value < result) result = value;
    if (result === 0) break;
  }
  return result;
}

function greatest(parts: readonly Formula[], reading: Reading): Tristate {
  let result: Tristate = 0;
  for (const part of parts) {
    const value = evaluate(part, reading);
    if (value > result) result = value;
    if (result === 2) break;
  }
  return result;
}

/** Whether two values whose order is known (negative, 0, positive) compare as asked. */
export function compares(
  order: number,
  operator: (Expression & { kind: 'compare' })['operator'],
): boolean {
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** The operands of its outermost `&&`s, or itself. */
export function conjuncts(formula: Formula): readonly Formula[] {
  if (formula.kind === 'all') return formula.of.flatMap(conjuncts);
  if (formula.kind === 'and') return [...conjuncts(formula.left), ...conjuncts(formula.right)];
  return formula.kind === 'value' && formula.value === 2 ? [] : [formula];
}

/** The operands of its outermost `||`s, or itself. */
export function disjuncts(formula: Formula): readonly Formula[] {
  if (formula.kind === 'any') return formula.of.flatMap(disjuncts);
  if (formula.kind === 'or') return [...disjuncts(formula.left), ...disjuncts(formula.right)];
  return formula.kind === 'value' && formula.value === 0 ? [] : [formula];
}

/** Every symbol that is named in it. */
export function symbolsOf(formula: Formula, into = new Set<ConfigSymbol>()): Set<ConfigSymbol> {
  switch (formula.kind) {
    case 'symbol':
      into.add(formula.symbol);
      break;
    case 'compare':
      into.add(formula.left).add(formula.right);
      break;
    case 'not':
    case 'none':
      symbolsOf(formula.of, into);
      break;
    case 'and':
    case 'or':
      symbolsOf(formula.left, into);
      symbolsOf(formula.right, into);
      break;
    case 'all':
    case 'any':
      for (const part of formula.of) symbolsOf(part, into);
  }
  return into;
}
