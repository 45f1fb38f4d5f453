/**
 * The kernel's own simplification of expressions. It does not change what they evaluate to, but three
 * things are seen of it: which entries become submenus of the one before, the expressions printed in
 * warnings, and the order in which warnings come. So it is followed step for step, with its two
 * variants: 6.1 joins all operands of one level at once, 6.12 works from the inside outwards and keeps
 * an expression as it was unless its outermost operator falls away.
 */

import type { ExpressionPool, Interned } from './expressions.js';
import type { Dialect, ConfigSymbol } from './model.js';
import { item } from './items.js';

/** The three constants, as the space has them. */
export interface Constants {
  readonly yes: ConfigSymbol;
  readonly module: ConfigSymbol;
  readonly no: ConfigSymbol;
}

type Logical = 'and' | 'or';

const NEGATED = { '=': '!=', '!=': '=', '<': '>=', '<=': '>', '>': '<=', '>=': '<' } as const;

export class Simplifier {
  /** Joins made since it was last set to 0; a pass is repeated until it makes none. */
  private joins = 0;
  /** How often `tested` was called. */
  private told = 0;
  private transformed: Interned[] = [];
  private joined: Interned[] = [];
  private readonly y: Interned;
  private readonly n: Interned;

  /** `tested` is told of each bool that is compared with `m`, and what the comparison is taken for. */
  constructor(
    private readonly pool: ExpressionPool,
    private readonly constants: Constants,
    private readonly dialect: Dialect,
    private readonly tested: (symbol: ConfigSymbol, taken: 'y' | 'n') => void,
  ) {
    this.y = pool.symbol(constants.yes);
    this.n = pool.symbol(constants.no);
  }

  /** To be called when a symbol's type changes: what was worked out before may have asked for it. */
  forget(): void {
    this.transformed = [];
    this.joined = [];
  }

  /** Pushes negations down to symbols, and takes comparisons of bools with constants apart. */
  transform(expression: Interned): Interned {
    const known = this.transformed[expression.id];
    if (known !== undefined) return known;
    const told = this.told;
    const result = this.transformOnce(expression);
    // What prints a message must print it again.
    if (this.told === told) this.transformed[expression.id] = result;
    return result;
  }

  private transformOnce(expression: Interned): Interned {
    switch (expression.kind) {
      case 'symbol':
        return expression;
      case 'compare':
        return this.transformComparison(expression);
      case 'not':
        return this.transformNot(this.transform(expression.of));
      default:
        return this.pool.binary(
          expression.kind,
          this.transform(expression.left),
          this.transform(expression.right),
        );
    }
  }

  private transformComparison(expression: Interned & { kind: 'compare' }): Interned {
    const { operator, left, right } = expression;
    if (left.type !== 'bool' || (operator !== '=' && operator !== '!=')) return expression;
    const { yes, module, no } = this.constants;
    if (right === module) {
      this.told++;
      this.tested(left, operator === '=' ? 'n' : 'y');
      return operator === '=' ? this.n : this.y;
    }
    if (right !== yes && right !== no) return expression;
    const itself = this.pool.symbol(left);
    return (operator === '=') === (right === yes) ? itself : this.pool.not(itself);
  }

  /** The negation of something that is transformed already. */
  private transformNot(of: Interned): Interned {
    switch (of.kind) {
      case 'not':
        return of.of;
      case 'compare':
        return this.pool.compare(NEGATED[of.operator], of.left, of.right);
      case 'symbol':
        if (of.symbol === this.constants.yes) return this.n;
        if (of.symbol === this.constants.no) return this.y;
        if (of.symbol === this.constants.module) return of;
        return this.pool.not(of);
      default: {
        const opposite = of.kind === 'and' ? 'or' : 'and';
        const negated = this.pool.binary(opposite, this.pool.not(of.left), this.pool.not(of.right));
        return this.transform(negated);
      }
    }
  }

  /** Joins operands that say the same, or more than, another of the same level. */
  eliminateDuplicates(expression: Interned): Interned {
    const known = this.joined[expression.id];
    if (known !== undefined) return known;
    const before = this.joins;
    const result =
      this.dialect === '6.1' ? this.joinLevels(expression) : this.joinSides(expression);
    this.joins = before;
    this.joined[expression.id] = result;
    return result;
  }

  private joinSides(expression: Interned): Interned {
    let result = expression;
    do {
      this.joins = 0;
      if (result.kind === 'and' || result.kind === 'or') {
        const { kind } = result;
        const left = operands(this.eliminateDuplicates(result.left), kind);
        const right = operands(this.eliminateDuplicates(result.right), kind);
        this.joins = 0;
        for (let i = 0; i < left.items.length; i++) {
          for (let j = 0; j < right.items.length; j++) this.joinPair(kind, left, i, right, j);
        }
        result = this.pool.binary(kind, this.assembled(left), this.assembled(right));
      }
      result = this.withoutConstants(result);
    } while (this.joins > 0);
    return result;
  }

  private joinLevels(expression: Interned): Interned {
    let result = expression;
    for (;;) {
      this.joins = 0;
      result = this.joinLevel(result);
      if (this.joins === 0) return result;
      result = this.withoutConstants(result);
    }
  }

  /** One pass over all pairs of operands of a level, those of other levels inside them first. */
  private joinLevel(expression: Interned): Interned {
    if (expression.kind !== 'and' && expression.kind !== 'or') return expression;
    const level = operands(expression, expression.kind);
    const { items } = level;
    for (let i = 0; i < items.length; i++) {
      for (let j = 0; j < items.length; j++) {
        if (i === j) continue;
        level.change(i, this.joinLevel(item(items, i)));
        this.joinPair(expression.kind, level, i, level, j);
      }
    }
    return this.assembled(level);
  }

  private joinPair(kind: Logical, from: Operands, i: number, to: Operands, j: number): void {
    const first = item(from.items, i);
    const second = item(to.items, j);
    const both = kind === 'or' ? this.joinOr(first, second) : this.joinAnd(first, second);
    if (both === undefined) return;
    from.change(i, kind === 'or' ? this.n : this.y);
    to.change(j, both);
    this.joins++;
  }

  /** The two, which must be over one bool or tristate, or undefined where they cannot be joined. */
  private sharedSymbol(first: Interned, second: Interned): ConfigSymbol | undefined {
    const one = subject(first, true);
    if (one === undefined || one !== subject(second, false)) return undefined;
    return one.type === 'bool' || one.type === 'tristate' ? one : undefined;
  }

  private joinOr(first: Interned, second: Interned): Interned | undefined {
    if (this.equal(first, second)) return first;
    const symbol = this.sharedSymbol(first, second);
    if (symbol === undefined) return undefined;
    if (symbol.type === 'bool') {
      const opposite =
        (isNegatedSymbol(first) && second.kind === 'symbol') ||
        (isNegatedSymbol(second) && first.kind === 'symbol');
      return opposite ? this.y : undefined;
    }
    const one = comparedWith(first, '=');
    const other = comparedWith(second, '=');
    const third = this.remaining(one, other);
    return third && this.pool.compare('!=', symbol, third);
  }

  private joinAnd(first: Interned, second: Interned): Interned | undefined {
    if (this.equal(first, second)) return first;
    const symbol = this.sharedSymbol(first, second);
    if (symbol === undefined) return undefined;
    const { yes, module, no } = this.constants;
    for (const [plain, other] of [
      [first, second],
      [second, first],
    ] as const) {
      if (plain.kind !== 'symbol') continue;
      if (comparedWith(other, '=') === yes) return this.pool.compare('=', symbol, yes);
      if (comparedWith(other, '!=') === no) return this.pool.symbol(symbol);
      if (comparedWith(other, '!=') === module) return this.pool.compare('=', symbol, yes);
    }
    if (symbol.type !== 'tristate') return undefined;
    const is = comparedWith(first, '=') ?? comparedWith(second, '=');
    const isNot = comparedWith(first, '!=') ?? comparedWith(second, '!=');
    if (is !== undefined && isNot !== undefined && is.constant && isNot.constant) {
      return is === isNot ? this.n : this.pool.compare('=', symbol, is);
    }
    const third = this.remaining(comparedWith(first, '!='), comparedWith(second, '!='));
    return third && this.pool.compare('=', symbol, third);
  }

  /** Of y, m and n the one that is neither of the two. */
  private remaining(
    one: ConfigSymbol | undefined,
    other: ConfigSymbol | undefined,
  ): ConfigSymbol | undefined {
    const { yes, module, no } = this.constants;
    if (one === undefined || other === undefined || one === other) return undefined;
    const left = [yes, module, no].filter((value) => value !== one && value !== other);
    return left.length === 1 ? left[0] : undefined;
  }

  /** Whether they ask for the same, in whatever order. */
  equal(first: Interned | undefined, second: Interned | undefined): boolean {
    if (first === second) return true;
    if (first === undefined || second === undefined) {
      return this.isYes(first) && this.isYes(second);
    }
    if (first.kind !== second.kind) return false;
    if (first.kind === 'not') return this.equal(first.of, (second as typeof first).of);
    // Of these there is only one of each kind.
    if (first.kind === 'symbol' || first.kind === 'compare') return false;
    const [one, other] = this.eliminateEqual(first, second);
    return one.kind === 'symbol' && one === other;
  }

  isYes(expression: Interned | undefined): boolean {
    return expression === undefined || expression === this.y;
  }

  /** Takes what both have at the same level out of both. */
  eliminateEqual(first: Interned, second: Interned): [Interned, Interned] {
    let pair: [Interned, Interned] = [first, second];
    if (first.kind === 'and' || first.kind === 'or') pair = this.withoutCommon(first.kind, ...pair);
    const kind = pair[1].kind;
    if (pair[0].kind !== kind && (kind === 'and' || kind === 'or')) {
      pair = this.withoutCommon(kind, ...pair);
    }
    return [this.withoutConstants(pair[0]), this.withoutConstants(pair[1])];
  }

  private withoutCommon(kind: Logical, first: Interned, second: Interned): [Interned, Interned] {
    const one = operands(first, kind);
    const other = operands(second, kind);
    const neutral = kind === 'or' ? this.n : this.y;
    for (let i = 0; i < one.items.length; i++) {
      for (let j = 0; j < other.items.length; j++) {
        const part = item(one.items, i);
        if (part === other.items[j] && (part === this.y || part === this.n)) continue;
        if (!this.equal(part, other.items[j])) continue;
        one.change(i, neutral);
        other.change(j, neutral);
      }
    }
    return [this.assembled(one), this.assembled(other)];
  }

  /** Applies y and n where they are operands. */
  private withoutConstants(expression: Interned): Interned {
    if (expression.kind !== 'and' && expression.kind !== 'or') return expression;
    const left = this.withoutConstants(expression.left);
    const right = this.withoutConstants(expression.right);
    const [decisive, neutral] = expression.kind === 'and' ? [this.n, this.y] : [this.y, this.n];
    if (left === decisive || right === decisive) return decisive;
    if (left === neutral) return right;
    if (right === neutral) return left;
    // 6.12 drops what it did inside unless this level falls away.
    return this.dialect === '6.1' ? this.pool.binary(expression.kind, left, right) : expression;
  }

  /** The expression with `!= n` written out at each symbol: what it asks for to be at all visible. */
  atLeastModule(expression: Interned | undefined): Interned {
    return this.comparedWithNo(expression, '!=');
  }

  private comparedWithNo(expression: Interned | undefined, operator: '=' | '!='): Interned {
    if (expression === undefined) return operator === '=' ? this.n : this.pool.not(this.n);
    switch (expression.kind) {
      case 'symbol':
        return this.pool.compare(operator, expression.symbol, this.constants.no);
      case 'not':
        return this.comparedWithNo(expression.of, operator === '=' ? '!=' : '=');
      case 'compare':
        return operator === '=' ? this.pool.not(expression) : expression;
      default: {
        const either = this.pool.binary(
          expression.kind === 'and' ? 'or' : 'and',
          this.comparedWithNo(expression.left, '='),
          this.comparedWithNo(expression.right, '='),
        );
        return operator === '=' ? either : this.pool.not(either);
      }
    }
  }

  private assembled(list: Operands): Interned {
    if (!list.changed) return list.whole;
    let next = 0;
    const rebuild = (expression: Interned): Interned => {
      if (expression.kind !== list.kind) return item(list.items, next++);
      const left = rebuild(expression.left);
      return this.pool.binary(list.kind, left, rebuild(expression.right));
    };
    return rebuild(list.whole);
  }
}

/** The operands of one level, from left to right, to be replaced one by one. */
class Operands {
  changed = false;

  constructor(
    readonly whole: Interned,
    readonly kind: Logical,
    readonly items: Interned[],
  ) {}

  change(index: number, to: Interned): void {
    if (this.items[index] === to) return;
    this.items[index] = to;
    this.changed = true;
  }
}

function operands(expression: Interned, kind: Logical): Operands {
  const items: Interned[] = [];
  const collect = (part: Interned): void => {
    if (part.kind === kind) {
      collect(part.left);
      collect(part.right);
    } else {
      items.push(part);
    }
  };
  collect(expression);
  return new Operands(expression, kind, items);
}

/** The one symbol it is about. Of a negation, the first of two may be that of a comparison. */
function subject(expression: Interned, first: boolean): ConfigSymbol | undefined {
  switch (expression.kind) {
    case 'symbol':
      return expression.symbol;
    case 'compare':
      return isEquality(expression) ? expression.left : undefined;
    case 'not': {
      const { of } = expression;
      if (of.kind === 'symbol') return of.symbol;
      return first && of.kind === 'compare' && isEquality(of) ? of.left : undefined;
    }
    default:
      return undefined;
  }
}

function isEquality(expression: Interned & { kind: 'compare' }): boolean {
  return expression.operator === '=' || expression.operator === '!=';
}

function isNegatedSymbol(expression: Interned): boolean {
  return expression.kind === 'not' && expression.of.kind === 'symbol';
}

function comparedWith(expression: Interned, operator: '=' | '!='): ConfigSymbol | undefined {
  return expression.kind === 'compare' && expression.operator === operator
    ? expression.right
    : undefined;
}

/** Whether the expression cannot hold unless the symbol is at least m. */
export function requires(
  expression: Interned | undefined,
  symbol: ConfigSymbol,
  constants: Constants,
): boolean {
  if (expression === undefined) return false;
  switch (expression.kind) {
    case 'symbol':
      return expression.symbol === symbol;
    case 'and':
      return (
        requires(expression.left, symbol, constants) ||
        requires(expression.right, symbol, constants)
      );
    case 'compare': {
      const { operator, left, right } = expression;
      if (left !== symbol) return false;
      return operator === '='
        ? right === constants.yes || right === constants.module
        : operator === '!=' && right === constants.no;
    }
    default:
      return false;
  }
}
