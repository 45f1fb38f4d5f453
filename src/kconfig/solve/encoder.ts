/**
 * Rules as clauses. A tristate is two literals, "at least m" and "y"; a bool, and a tristate where
 * modules are off, is one.
 */

import type { Tristate } from '../ast.js';
import type { ConfigSymbol } from '../model.js';
import { compareValues } from '../numbers.js';
import {
  compares,
  conjuncts,
  disjuncts,
  isLogical,
  type Formula,
  type Reading,
} from './formula.js';
import type { Rule } from './rules.js';
import type { Task } from './task.js';
import { possibleTexts } from './texts.js';
import { FALSE, TRUE, type Literal, type SatSolver } from './sat.js';

/** What `MODULES` is: decided beforehand, or for the solver to decide. */
export type Modules = 'on' | 'off' | 'free';

/** One of the two levels of a tristate: at least m, or y. */
type Level = 1 | 2;
type Pair = readonly [atLeastModule: Literal, yes: Literal];

type Comparison = Extract<Formula, { kind: 'compare' }>;

/** One value a symbol may have, and when. */
interface Possible {
  readonly value: string;
  readonly when: Literal;
}

const constant = (value: Tristate): Pair => [value >= 1 ? TRUE : FALSE, value === 2 ? TRUE : FALSE];

export class Encoder {
  private readonly symbols = new Map<ConfigSymbol, Pair>();
  private readonly formulas = new WeakMap<Formula, Pair>();
  private readonly modulesOn: Literal;

  /**
   * @param decided what symbols are tried with first, and are compared by where all else fails
   * @param met told of each symbol but `MODULES` that gets literals, once
   */
  constructor(
    private readonly sat: SatSolver,
    private readonly task: Pick<Task, 'space' | 'base' | 'wanted'>,
    modules: Modules,
    private readonly decided: Reading,
    private readonly met: (symbol: ConfigSymbol) => void,
  ) {
    const { modules: symbol } = task.space;
    if (modules === 'free' && symbol !== undefined) {
      this.modulesOn = sat.variable(decided.tristate(symbol) > 0, true);
    } else this.modulesOn = modules === 'on' ? TRUE : FALSE;
    if (symbol !== undefined) this.symbols.set(symbol, [this.modulesOn, this.modulesOn]);
  }

  /** "At least m" and "y" of a symbol. */
  symbol(symbol: ConfigSymbol): Pair {
    let pair = this.symbols.get(symbol);
    if (pair === undefined) {
      pair = this.makeSymbol(symbol);
      this.symbols.set(symbol, pair);
      if (!symbol.constant && isLogical(symbol)) this.met(symbol);
    }
    return pair;
  }

  private makeSymbol(symbol: ConfigSymbol): Pair {
    const { yes, module } = this.task.space;
    if (symbol.constant || !isLogical(symbol)) {
      return constant(symbol === yes ? 2 : symbol === module ? 1 : 0);
    }
    const tried = this.decided.tristate(symbol);
    const atLeastModule = this.sat.variable(tried > 0, true);
    if (this.isBoolean(symbol)) return [atLeastModule, atLeastModule];
    const isYes = this.sat.variable(tried === 2, true);
    this.sat.addClause([isYes ^ 1, atLeastModule]);
    this.sat.addClause([this.modulesOn, atLeastModule ^ 1, isYes]);
    return [atLeastModule, isYes];
  }

  private isBoolean(symbol: ConfigSymbol): boolean {
    return symbol.type === 'bool' || this.modulesOn === FALSE;
  }

  /** Adds a rule, to hold where `unless` does not. */
  add(rule: Rule, ...unless: readonly Literal[]): void {
    const { lower, upper } = rule;
    const levels: readonly Level[] = rule.boolean || this.modulesOn === FALSE ? [1] : [1, 2];
    for (const level of levels) {
      const also = level === 2 ? [...unless, this.modulesOn ^ 1] : unless;
      for (const each of disjuncts(lower)) {
        const given = conjuncts(each).map((part) => this.literal(part, level) ^ 1);
        for (const one of conjuncts(upper)) {
          const then = disjuncts(one).map((part) => this.literal(part, level));
          this.sat.addClause([...also, ...given, ...then]);
        }
      }
    }
  }

  /** That the formula is at least m, or y. */
  literal(formula: Formula, level: Level): Literal {
    let pair = this.formulas.get(formula);
    if (pair === undefined) {
      pair = this.encode(formula);
      this.formulas.set(formula, pair);
    }
    return level === 1 ? pair[0] : pair[1];
  }

  private encode(formula: Formula): Pair {
    switch (formula.kind) {
      case 'symbol':
        return this.symbol(formula.symbol);
      case 'value':
        return constant(formula.value);
      case 'not':
        return [this.literal(formula.of, 2) ^ 1, this.literal(formula.of, 1) ^ 1];
      case 'none': {
        const literal = this.literal(formula.of, 1) ^ 1;
        return [literal, literal];
      }
      case 'compare': {
        const literal = this.compare(formula);
        return [literal, literal];
      }
      case 'and':
        return this.both([formula.left, formula.right], (parts) => this.and(parts));
      case 'all':
        return this.both(formula.of, (parts) => this.and(parts));
      case 'or':
        return this.both([formula.left, formula.right], (parts) => this.or(parts));
      case 'any':
        return this.both(formula.of, (parts) => this.or(parts));
    }
  }

  private both(parts: readonly Formula[], join: (literals: Literal[]) => Literal): Pair {
    const one = parts.map((part) => this.literal(part, 1));
    const two = parts.map((part) => this.literal(part, 2));
    const first = join(one);
    return [first, one.every((literal, i) => literal === two[i]) ? first : join(two)];
  }

  private or(literals: readonly Literal[]): Literal {
    return this.and(literals.map((literal) => literal ^ 1)) ^ 1;
  }

  /** A literal that holds exactly where all of them do. */
  private and(literals: readonly Literal[]): Literal {
    const parts = [...new Set(literals)].filter((literal) => literal !== TRUE);
    if (parts.includes(FALSE)) return FALSE;
    const [only] = parts;
    if (only === undefined) return TRUE;
    if (parts.length === 1) return only;
    const result = this.sat.variable();
    for (const part of parts) this.sat.addClause([result ^ 1, part]);
    this.sat.addClause([result, ...parts.map((part) => part ^ 1)]);
    return result;
  }

  private compare({ left, right, operator }: Comparison): Literal {
    const holding: Literal[] = [];
    for (const one of this.possible(left)) {
      for (const other of this.possible(right)) {
        const order = compareValues(one.value, left.type, other.value, right.type);
        if (compares(order, operator)) holding.push(this.and([one.when, other.when]));
      }
    }
    return this.or(holding);
  }

  private possible(symbol: ConfigSymbol): readonly Possible[] {
    if (symbol.constant || !isLogical(symbol)) {
      const { base, wanted } = this.task;
      const texts = possibleTexts(symbol, base, wanted);
      if (texts === undefined) return [{ value: this.decided.value(symbol), when: TRUE }];
      return texts.map(({ value, when }) => ({ value, when: this.literal(when, 1) }));
    }
    const [atLeastModule, isYes] = this.symbol(symbol);
    return [
      { value: 'n', when: atLeastModule ^ 1 },
      { value: 'm', when: this.and([atLeastModule, isYes ^ 1]) },
      { value: 'y', when: isYes },
    ];
  }

  /** What a symbol is in the solver's last solution; undefined where it has no literals. */
  solution(symbol: ConfigSymbol): Tristate | undefined {
    const pair = this.symbols.get(symbol);
    if (pair === undefined) return undefined;
    return this.sat.holds(pair[1]) ? 2 : this.sat.holds(pair[0]) ? 1 : 0;
  }
}
