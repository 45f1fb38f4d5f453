/**
 * The cheapest answer, and after that the one among them with the fewest settings.
 *
 * A kernel has some fifteen thousand symbols, nearly all of which reach each other, and an answer
 * touches a few dozen. So a symbol is first assumed to stay as it is in the base, and its rules are
 * left out. They are added, and the assumption is dropped,
 * - when it is among the assumptions that clash, so that changing it could help, or
 * - when the evaluator finds it changed by a candidate, so that it follows from what was changed.
 * A refusal that rests on no such assumption, and an optimum in which every symbol left out does stay
 * as it is, hold for the whole space: leaving rules out only allows more.
 */

import type { Tristate } from '../ast.js';
import type { ConfigSymbol, Values } from '../model.js';
import { Wishes } from './core-guided.js';
import { Encoder, type Modules } from './encoder.js';
import { evaluate, is, isLogical, type Formula, type Reading } from './formula.js';
import {
  choiceRules,
  rulesOf,
  unchanged,
  unchangedChoice,
  wantedRules,
  type Rule,
} from './rules.js';
import type { Settings, Task } from './task.js';
import { FALSE, SatSolver, type Literal } from './sat.js';

export interface Found {
  readonly settings: Settings;
  readonly cost: number;
  readonly values: Values;
}

/** How a search ended. */
export type Outcome =
  | { readonly kind: 'found'; readonly found: Found }
  /** There is no answer; the rules of these symbols show it. */
  | { readonly kind: 'impossible'; readonly rules: readonly Rule[] }
  /** Numbers or strings of comparisons are not what they were taken for, but as in these values. */
  | { readonly kind: 'undecided'; readonly values: Values };

/** Candidates that the evaluator may reject before the search gives up. */
const MOST_REJECTED = 100;

const TEXT: Readonly<Record<Tristate, string>> = { 0: 'n', 1: 'm', 2: 'y' };

export class Search {
  private readonly sat = new SatSolver();
  private readonly encoder: Encoder;
  private wishes = new Wishes(this.sat);
  /** Symbols whose rules are in, each with a literal that holds only where it needs no setting. */
  private readonly active = new Map<ConfigSymbol, Literal>();
  /** Assumptions that symbols without rules stay as they are. */
  private readonly frozen = new Map<Literal, ConfigSymbol>();
  private readonly rules: Rule[] = [];
  /** In the second part: that the solution costs no more than the optimum of the first. */
  private cheapest: Literal | undefined;
  private rejected = 0;

  /**
   * @param decided what comparisons of numbers and strings read
   * @param avoided settings not to be found again, nor with others added
   * @param known symbols whose rules an earlier search of the task needed
   */
  constructor(
    private readonly task: Task,
    private readonly modules: Modules,
    private readonly decided: Reading,
    avoided: readonly Settings[] = [],
    known: Iterable<ConfigSymbol> = [],
  ) {
    const { space, base, wanted } = task;
    this.encoder = new Encoder(this.sat, task, modules, decided, (met) => {
      this.freeze(met);
    });
    if (space.modules !== undefined) this.activate(space.modules);
    for (const symbol of wanted.keys()) {
      if (isLogical(symbol)) this.activate(symbol);
      for (const rule of wantedRules(symbol, wanted, base)) this.add(rule);
    }
    for (const symbol of known) this.activate(symbol);
    for (const settings of avoided) {
      this.sat.addClause([...settings].map(([symbol, value]) => this.differs(symbol, value)));
    }
  }

  run(): Outcome {
    const end = this.optimum();
    if (end.kind !== 'found') return end;
    const { cost } = this.wishes;
    this.cheapest = this.wishes.harden();
    this.wishes = new Wishes(this.sat, this.cheapest);
    for (const literal of new Set(this.active.values())) this.wishes.add(literal, 1);
    const best = this.optimum();
    return best.kind === 'found' ? { kind: 'found', found: { ...best.found, cost } } : end;
  }

  private add(rule: Rule): void {
    this.rules.push(rule);
    this.encoder.add(rule);
  }

  private freeze(symbol: ConfigSymbol): void {
    for (const literal of this.asInBase(symbol)) this.frozen.set(literal, symbol);
  }

  private asInBase(symbol: ConfigSymbol): readonly Literal[] {
    const [atLeastModule, yes] = this.encoder.symbol(symbol);
    const value = this.task.base.tristate(symbol);
    return value === 0 ? [atLeastModule ^ 1] : value === 2 ? [yes] : [atLeastModule, yes ^ 1];
  }

  /** Adds the rules of a symbol; of a choice's member, those of the whole choice. */
  private activate(symbol: ConfigSymbol): void {
    if (this.active.has(symbol)) return;
    const { base } = this.task;
    const { choice } = symbol;
    const needless = this.sat.variable(true);
    const about = { position: undefined, kind: 'wanted' as const };
    if (choice === undefined) {
      this.enlist(symbol, needless);
      for (const rule of rulesOf(symbol, base)) this.add(rule);
      const same = unchanged(symbol, base);
      const boolean = symbol.type === 'bool';
      this.encoder.add({ ...about, symbol, boolean, lower: is(symbol), upper: same }, needless ^ 1);
      this.encoder.add({ ...about, symbol, boolean, lower: same, upper: is(symbol) }, needless ^ 1);
    } else {
      for (const member of [...choice.members, choice.symbol]) this.enlist(member, needless);
      for (const rule of choiceRules(choice)) this.add(rule);
      for (const { member, when } of unchangedChoice(choice, base)) {
        const rule = { ...about, symbol: member, boolean: true, lower: when, upper: is(member) };
        this.encoder.add(rule, needless ^ 1);
      }
    }
    if (this.cheapest !== undefined) this.wishes.add(needless, 1);
  }

  private enlist(symbol: ConfigSymbol, needless: Literal): void {
    this.active.set(symbol, needless);
    const [atLeastModule] = this.encoder.symbol(symbol);
    for (const literal of this.asInBase(symbol)) this.frozen.delete(literal);
    if (this.task.base.tristate(symbol) > 0 || symbol.isChoice || atLeastModule === FALSE) return;
    const cost = this.task.cost(symbol);
    if (cost <= 0) return;
    if (this.cheapest === undefined) this.wishes.add(atLeastModule ^ 1, cost);
    else this.sat.addClause([atLeastModule ^ 1, this.cheapest ^ 1]);
  }

  /** Runs the solver until nothing that it assumed is in the way of an optimum. */
  private optimum(): Outcome {
    for (;;) {
      const wishes = this.wishes.assumptions();
      const idle = [...this.frozen].filter(([literal]) => this.sat.fixed(literal) === false);
      if (idle.length > 0) {
        for (const [, symbol] of idle) this.activate(symbol);
        continue;
      }
      const { cheapest } = this;
      const given = cheapest === undefined ? [] : [cheapest];
      if (this.sat.solve([...given, ...this.frozen.keys(), ...wishes], true)) {
        const end = this.check();
        if (end !== undefined) return end;
        continue;
      }
      const cores = this.sat.cores.map((core) => core.filter((literal) => literal !== cheapest));
      if (!cores.some((core) => core.length > 0)) return { kind: 'impossible', rules: this.rules };
      const woken = new Set<ConfigSymbol>();
      for (const core of cores) {
        const idlers = core.flatMap((literal) => this.frozen.get(literal) ?? []);
        for (const symbol of idlers) woken.add(symbol);
        if (idlers.length === 0 && core.length > 0) this.wishes.relax(core);
      }
      for (const symbol of woken) this.activate(symbol);
    }
  }

  /** Symbols whose rules this search needed. */
  get needed(): Iterable<ConfigSymbol> {
    return this.active.keys();
  }

  /** Whether what is wanted could hold with these settings but for one, at whatever cost. */
  couldDoWithout(symbol: ConfigSymbol, settings: Settings): boolean {
    const needless = this.active.get(symbol);
    if (needless === undefined) return true;
    const set = new Set([...settings.keys()].map((each) => this.active.get(each)));
    for (;;) {
      const others = [...new Set(this.active.values())].filter((literal) => !set.has(literal));
      if (this.sat.solve([...this.frozen.keys(), ...others, needless])) return true;
      const woken = this.sat.core.flatMap((literal) => this.frozen.get(literal) ?? []);
      if (woken.length === 0) return false;
      for (const each of woken) this.activate(each);
    }
  }

  /** Asks the evaluator about the solution; undefined where the search has to go on. */
  private check(): Outcome | undefined {
    const settings = this.settings();
    const values = this.task.apply(settings);
    const { base, space } = this.task;
    const moved = new Set<ConfigSymbol>();
    let differs = false;
    for (const symbol of space.symbols) {
      if (symbol.constant || !isLogical(symbol) || symbol.isChoice) continue;
      const value = values.tristate(symbol);
      if (this.active.has(symbol)) differs ||= value !== this.solved(symbol);
      else if (value !== base.tristate(symbol)) moved.add(symbol);
      if (value > 0 && isAgainstDependencies(symbol, values, base)) moved.add(symbol);
    }
    const news = [...moved].filter((symbol) => !this.active.has(symbol));
    if (news.length > 0) {
      for (const symbol of news) this.activate(symbol);
      return undefined;
    }
    const missed = [...this.task.wanted].some(([symbol, value]) => values.value(symbol) !== value);
    if (!differs && !missed && moved.size === 0) {
      return { kind: 'found', found: { settings, cost: this.wishes.cost, values } };
    }
    return this.reject(values);
  }

  private reject(values: Values): Outcome | undefined {
    if (++this.rejected > MOST_REJECTED) return { kind: 'undecided', values };
    const changed = this.task.space.symbols.some(
      (symbol) =>
        !symbol.constant &&
        !isLogical(symbol) &&
        values.value(symbol) !== this.decided.value(symbol),
    );
    if (changed) return { kind: 'undecided', values };
    this.sat.addClause(
      [...this.active.keys()].map((symbol) => this.differs(symbol, TEXT[this.solved(symbol)])),
    );
    return undefined;
  }

  private differs(symbol: ConfigSymbol, value: string): Literal {
    if (!isLogical(symbol)) return FALSE;
    const [atLeastModule, yes] = this.encoder.symbol(symbol);
    if (value === 'y') return yes ^ 1;
    if (value === 'n') return atLeastModule;
    const other = this.sat.variable();
    this.sat.addClause([other ^ 1, atLeastModule ^ 1, yes]);
    return other;
  }

  private solved(symbol: ConfigSymbol): Tristate {
    const { base } = this.task;
    if (!isLogical(symbol) || symbol.constant) return base.tristate(symbol);
    return this.encoder.solution(symbol) ?? base.tristate(symbol);
  }

  /** What the user has to set for the solution to come true. */
  private settings(): Settings {
    const { base, wanted } = this.task;
    const reading: Reading = {
      tristate: (symbol) => this.solved(symbol),
      value: (symbol) =>
        isLogical(symbol) && !symbol.constant
          ? TEXT[this.solved(symbol)]
          : this.decided.value(symbol),
    };
    const value = (formula: Formula) => evaluate(formula, reading);
    const settings = new Map<ConfigSymbol, string>();
    for (const [symbol, text] of wanted) {
      if (!isLogical(symbol) && base.userValue(symbol) !== text) settings.set(symbol, text);
    }
    for (const symbol of this.active.keys()) {
      const solved = this.solved(symbol);
      if (symbol.isChoice) continue;
      if (symbol.choice !== undefined) {
        const kept = unchangedChoice(symbol.choice, base).find(({ when }) => value(when) > 0);
        if (solved > 0 && kept?.member !== symbol) settings.set(symbol, 'y');
        continue;
      }
      let same = value(unchanged(symbol, base));
      if (same === 1 && (symbol.type === 'bool' || !this.modulesOn(reading))) same = 2;
      if (same !== solved) settings.set(symbol, TEXT[solved]);
    }
    return settings;
  }

  private modulesOn(reading: Reading): boolean {
    if (this.modules !== 'free') return this.modules === 'on';
    const { modules } = this.task.space;
    return modules !== undefined && reading.tristate(modules) > 0;
  }
}

/** Whether a select forces it on where its dependencies forbid it, and did not in the base. */
export function isAgainstDependencies(symbol: ConfigSymbol, values: Values, base: Values): boolean {
  const { directDependency, selectedBy } = symbol;
  if (directDependency === undefined || selectedBy.length === 0) return false;
  const { modules } = base.space;
  const unmet = (of: Values) => {
    const value = of.tristate(symbol);
    if (value === 0) return false;
    const given = of.evaluate(directDependency);
    // Where m is no value of its own, it counts as y.
    const modular = symbol.type === 'tristate' && modules !== undefined && of.tristate(modules) > 0;
    return given < value && (given === 0 || modular);
  };
  return unmet(values) && !unmet(base);
}
