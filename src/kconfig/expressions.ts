/**
 * Expressions, each made once: two that are built alike are the same object, so that what is worked out
 * for one (simplify.ts) can be remembered by its number. A pool lives as long as a space is being built.
 */

import type { Comparison } from './ast.js';
import { item } from './items.js';
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

/** What the hash table tells expressions of two parts apart by; comparisons follow. */
const AND = 0;
const OR = 1;
const COMPARE = 2;

export class ExpressionPool {
  private readonly all: Interned[] = [];
  private readonly symbols: Interned[] = [];
  private readonly nots: Interned[] = [];
  /** An open hash table of those with two parts: 0 for a free place, or the expression's id + 1. */
  private table = new Int32Array(2 ** 15);
  private used = 0;
  /** By expression: its kind, and the ids (of comparisons: the indexes) of its parts. */
  private keys = new Int32Array(3 * 2 ** 14);

  /** How many there are; ids are below. */
  get size(): number {
    return this.all.length;
  }

  symbol(symbol: ConfigSymbol): Interned {
    return (this.symbols[symbol.index] ??= this.add({ id: this.size, kind: 'symbol', symbol }));
  }

  not(of: Interned): Interned {
    return (this.nots[of.id] ??= this.add({ id: this.size, kind: 'not', of }));
  }

  binary(kind: 'and' | 'or', left: Interned, right: Interned): Interned {
    const code = kind === 'and' ? AND : OR;
    const place = this.place(code, left.id, right.id);
    const known = item(this.table, place);
    if (known !== 0) return item(this.all, known - 1);
    this.enter(place, code, left.id, right.id);
    return this.add({ id: this.size, kind, left, right });
  }

  compare(operator: Comparison, left: ConfigSymbol, right: ConfigSymbol): Interned {
    const code = COMPARE + COMPARISONS.indexOf(operator);
    const place = this.place(code, left.index, right.index);
    const known = item(this.table, place);
    if (known !== 0) return item(this.all, known - 1);
    this.enter(place, code, left.index, right.index);
    return this.add({ id: this.size, kind: 'compare', operator, left, right });
  }

  /** The pool's own of an expression made elsewhere. */
  intern(expression: Expression): Interned {
    switch (expression.kind) {
      case 'symbol':
        return this.symbol(expression.symbol);
      case 'not':
        return this.not(this.intern(expression.of));
      case 'compare':
        return this.compare(expression.operator, expression.left, expression.right);
      default: {
        const left = this.intern(expression.left);
        return this.binary(expression.kind, left, this.intern(expression.right));
      }
    }
  }

  private add(expression: Interned): Interned {
    this.all.push(expression);
    return expression;
  }

  /** Where it is in the table, or where it belongs. */
  private place(code: number, left: number, right: number): number {
    const { table, keys } = this;
    const mask = table.length - 1;
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b) ^ code;
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    for (let place = (hash ^ (hash >>> 13)) & mask; ; place = (place + 1) & mask) {
      const known = item(table, place);
      if (known === 0) return place;
      const key = 3 * (known - 1);
      if (keys[key] === code && keys[key + 1] === left && keys[key + 2] === right) return place;
    }
  }

  /** Keeps the key of the expression that is added next. */
  private enter(place: number, code: number, left: number, right: number): void {
    const id = this.size;
    if (3 * (id + 1) > this.keys.length) {
      const keys = new Int32Array(6 * (id + 1));
      keys.set(this.keys);
      this.keys = keys;
    }
    const key = 3 * id;
    this.keys[key] = code;
    this.keys[key + 1] = left;
    this.keys[key + 2] = right;
    this.table[place] = id + 1;
    if (++this.used * 2 > this.table.length) this.grow();
  }

  private grow(): void {
    const { table, keys } = this;
    this.table = new Int32Array(table.length * 2);
    for (const known of table) {
      if (known === 0) continue;
      const key = 3 * (known - 1);
      this.table[this.place(item(keys, key), item(keys, key + 1), item(keys, key + 2))] = known;
    }
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
