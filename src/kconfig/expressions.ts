/**
 * Expressions, each made once: two that are built alike are the same object, so that what is worked out
 * for one (simplify.ts) can be remembered by its number. A pool lives as long as a space is being built.
 */

import type { Comparison } from './ast.js';
import type { ConfigSymbol, Expression } from './model.js';

/** An expression of a pool; `id` is dense, from 0. */
export type Interned = Readonly<{ id: number }> &
  (
    | { readonly kind: 'symbol'; readonly symbol: ConfigSymbol }
    | { readonly kind: 'not'; readonly of: Interned }
    | { readonly kind: 'and' | 'or'; readonly left: Interned; readonly right: Interned }
    | {
        readonly kind: 'compare';
        readonly operator: Comparison;
        readonly left: ConfigSymbol;
        readonly right: ConfigSymbol;
      }
  );

const COMPARISONS: readonly Comparison[] = ['=', '!=', '<', '<=', '>', '>='];

/** Far more symbols and expressions than any kernel has, and pairs of them still are exact numbers. */
const PAIR = 2 ** 24;

export class ExpressionPool {
  private count = 0;
  private readonly symbols: Interned[] = [];
  private readonly nots: Interned[] = [];
  private readonly ands = new Map<number, Interned>();
  private readonly ors = new Map<number, Interned>();
  private readonly comparisons = new Map<number, Interned>();

  symbol(symbol: ConfigSymbol): Interned {
    return (this.symbols[symbol.index] ??= { id: this.count++, kind: 'symbol', symbol });
  }

  not(of: Interned): Interned {
    return (this.nots[of.id] ??= { id: this.count++, kind: 'not', of });
  }

  binary(kind: 'and' | 'or', left: Interned, right: Interned): Interned {
    const known = kind === 'and' ? this.ands : this.ors;
    const key = left.id * PAIR + right.id;
    let expression = known.get(key);
    if (expression === undefined) {
      expression = { id: this.count++, kind, left, right };
      known.set(key, expression);
    }
    return expression;
  }

  compare(operator: Comparison, left: ConfigSymbol, right: ConfigSymbol): Interned {
    const key = (left.index * PAIR + right.index) * 8 + COMPARISONS.indexOf(operator);
    let expression = this.comparisons.get(key);
    if (expression === undefined) {
      expression = { id: this.count++, kind: 'compare', operator, left, right };
      this.comparisons.set(key, expression);
    }
    return expression;
  }

  /** Both, where a missing one asks for nothing. */
  and(left: Interned | undefined, right: Interned): Interned;
  and(left: Interned | undefined, right: Interned | undefined): Interned | undefined;
  and(left: Interned | undefined, right: Interned | undefined): Interned | undefined {
    if (left === undefined) return right;
    return right === undefined ? left : this.binary('and', left, right);
  }

  /** Either, where a missing one is not there to choose: not the same as one that is always y. */
  or(left: Interned | undefined, right: Interned): Interned;
  or(left: Interned | undefined, right: Interned | undefined): Interned | undefined;
  or(left: Interned | undefined, right: Interned | undefined): Interned | undefined {
    if (left === undefined) return right;
    return right === undefined ? left : this.binary('or', left, right);
  }
}

/** Whether the symbol is named anywhere in it. */
export function mentions(expression: Expression | undefined, symbol: ConfigSymbol): boolean {
  if (expression === undefined) return false;
  switch (expression.kind) {
    case 'symbol':
      return expression.symbol === symbol;
    case 'not':
      return mentions(expression.of, symbol);
    case 'compare':
      return expression.left === symbol || expression.right === symbol;
    default:
      return mentions(expression.left, symbol) || mentions(expression.right, symbol);
  }
}

/** Every symbol of it, each as often as it is named, from left to right. */
export function forEachSymbol(expression: Expression, visit: (symbol: ConfigSymbol) => void): void {
  const open: Expression[] = [expression];
  for (let part = open.pop(); part; part = open.pop()) {
    switch (part.kind) {
      case 'symbol':
        visit(part.symbol);
        break;
      case 'not':
        open.push(part.of);
        break;
      case 'compare':
        visit(part.left);
        visit(part.right);
        break;
      default:
        open.push(part.right, part.left);
    }
  }
}
