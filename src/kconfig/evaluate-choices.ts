/**
 * The two rules for choices. Since 6.11 a choice only picks one of its visible bools, and prefers what
 * the user decided on last. Before, a choice had a value of its own: n, m (its members are free to be m)
 * or y (exactly one of them is y), and kept the user's pick itself.
 */

import { Evaluator } from './evaluate.js';
import type { Tristate } from './ast.js';
import type { Choice, ConfigSymbol, Default, Output, Space, SymbolType } from './model.js';
import { item } from './items.js';

/** The evaluator for the space's dialect. `report` is told of warnings as they come up. */
export function createEvaluator(space: Space, report: (output: Output) => void): ChoiceEvaluator {
  return space.dialect === '6.1'
    ? new TristateChoices(space, report)
    : new BooleanChoices(space, report);
}

/** An evaluator with what reading and writing need to know of choices. */
export abstract class ChoiceEvaluator extends Evaluator {
  /** The member that a choice falls back to: its first default that is visible, or its first member. */
  choiceDefault(choice: Choice): ConfigSymbol | undefined {
    const byDefault = choice.symbol.defaults.find((each) => this.isPossible(each));
    if (byDefault?.value.kind === 'symbol') return byDefault.value.symbol;
    return choice.members.find(({ index }) => this.visible[index] !== 0);
  }

  private isPossible({ condition, value }: Default): boolean {
    if (this.evaluate(condition) === 0) return false;
    return value.kind === 'symbol' && this.visible[value.symbol.index] !== 0;
  }
}

export class BooleanChoices extends ChoiceEvaluator {
  /** Of each choice, by its symbol's index: its members, what the user decided on last first. */
  private readonly order: ConfigSymbol[][] = [];

  constructor(space: Space, report: (output: Output) => void) {
    super(space, report);
    for (const { symbol, members } of space.choices) this.order[symbol.index] = [...members];
  }

  protected before(): void {
    // Nothing of a choice needs to be known before its members.
  }

  protected after(): void {
    // Members have their values from `byChoice`.
  }

  protected promptVisibility(_symbol: ConfigSymbol, value: Tristate): Tristate {
    return value;
  }

  effectiveType(symbol: ConfigSymbol): SymbolType {
    return symbol.type === 'tristate' && this.modules === 0 ? 'bool' : symbol.type;
  }

  protected byChoice(symbol: ConfigSymbol): Tristate | undefined {
    const { choice } = symbol;
    if (choice === undefined) return undefined;
    this.pick(choice);
    return this.tristates[symbol.index] as Tristate;
  }

  /** Gives all visible members of a choice their values. @returns the one that is y */
  pick(choice: Choice): ConfigSymbol | undefined {
    const picked = this.wanted(choice) ?? this.leastUnwanted(choice);
    for (const member of choice.members) {
      const { index } = member;
      if (this.visible[index] === 0) continue;
      this.tristates[index] = member === picked ? 2 : 0;
      this.valid[index] = 1;
      this.written[index] = 1;
    }
    return picked;
  }

  private wanted(choice: Choice): ConfigSymbol | undefined {
    for (const member of item(this.order, choice.symbol.index)) {
      this.calculateVisibility(member);
      const { index } = member;
      if (this.visible[index] === 0) continue;
      if (this.decided[index] === 1 && this.userTristates[index] === 2) return member;
    }
    const fallback = this.choiceDefault(choice);
    if (fallback === undefined || !this.isRefused(fallback)) return fallback;
    return choice.members.find(
      ({ index }) => this.visible[index] !== 0 && this.decided[index] === 0,
    );
  }

  private isRefused({ index }: ConfigSymbol): boolean {
    return this.decided[index] === 1 && this.userTristates[index] === 0;
  }

  /** Where all are refused: the one that was refused first. */
  private leastUnwanted(choice: Choice): ConfigSymbol | undefined {
    return item(this.order, choice.symbol.index).findLast(({ index }) => this.visible[index] !== 0);
  }

  override undecide(symbol: ConfigSymbol): void {
    super.undecide(symbol);
    const { choice } = symbol;
    if (choice === undefined) return;
    const isDecided = ({ index }: ConfigSymbol): boolean => this.decided[index] === 1;
    this.order[choice.symbol.index] = [
      ...item(this.order, choice.symbol.index).filter(isDecided),
      ...choice.members.filter((member) => !isDecided(member)),
    ];
  }

  override forgetDecisions(): void {
    super.forgetDecisions();
    for (const { symbol, members } of this.space.choices) this.order[symbol.index] = [...members];
  }

  decidedForMember(symbol: ConfigSymbol): undefined {
    const order = symbol.choice && item(this.order, symbol.choice.symbol.index);
    if (order === undefined) return;
    order.splice(order.indexOf(symbol), 1);
    order.unshift(symbol);
  }
}

export class TristateChoices extends ChoiceEvaluator {
  /** By the choice's index: the member that is y, and the one that the user picked. */
  private readonly chosen: (ConfigSymbol | undefined)[] = [];
  private readonly picked: (ConfigSymbol | undefined)[] = [];
  /** All that the user wanted to be y, the latest last. */
  private readonly picks: ConfigSymbol[][] = [];
  /** Choices and members for which the rest of the choice must be settled first. */
  private readonly unsettled: Uint8Array;

  constructor(space: Space, report: (output: Output) => void) {
    super(space, report);
    this.unsettled = new Uint8Array(space.symbols.length);
  }

  /** As reading does: choices count as decided, until a visible member is found that is not. */
  override forgetDecisions(): void {
    super.forgetDecisions();
    this.picked.length = 0;
    this.picks.length = 0;
    for (const { symbol } of this.space.choices) this.decided[symbol.index] = 1;
  }

  /** A choice whose members are looked at anew counts as decided, as after reading. */
  override forgetOne(symbol: ConfigSymbol): void {
    super.forgetOne(symbol);
    if (symbol.isChoice) this.decided[symbol.index] = 1;
  }

  override undecide(symbol: ConfigSymbol): void {
    super.undecide(symbol);
    const { choice } = symbol;
    if (choice === undefined) return;
    const { index } = choice.symbol;
    const picks = (this.picks[index] ?? []).filter((pick) => pick !== symbol);
    this.picks[index] = picks;
    this.picked[index] = picks.at(-1);
    const values = choice.members.map((member) => item(this.userTristates, member.index));
    this.userTristates[index] = Math.max(0, ...values);
  }

  /** Marks what `settle` has to do when symbols are computed next. */
  expectSettling(): void {
    for (const symbol of this.space.hashed) {
      const open = symbol.isChoice && this.decided[symbol.index] === 0;
      if (open || this.members[symbol.index] === 1) this.unsettled[symbol.index] = 1;
    }
  }

  /** Refuses all members of a choice that are not decided, and the choice counts as decided. */
  settle(choice: Choice): void {
    for (const { index } of choice.members) {
      if (this.decided[index] === 0) this.userTristates[index] = 0;
    }
    const { index } = choice.symbol;
    this.decided[index] = 1;
    this.valid[index] = 0;
    this.unsettled[index] = 0;
  }

  protected before({ index, choice }: ConfigSymbol): void {
    if (this.unsettled[index] === 0 || choice === undefined) return;
    this.unsettled[index] = 0;
    this.calculate(choice.symbol);
  }

  protected after({ index, ownChoice: choice }: ConfigSymbol): void {
    if (choice === undefined) return;
    this.chosen[index] = this.tristates[index] === 2 ? this.pick(choice) : undefined;
    if (this.written[index] === 1) {
      for (const member of choice.members) {
        if (this.visible[member.index] !== 0) this.written[member.index] = 1;
      }
    }
    if (this.unsettled[index] === 1) this.settle(choice);
  }

  private pick(choice: Choice): ConfigSymbol | undefined {
    const { index } = choice.symbol;
    for (const member of choice.members) {
      this.calculateVisibility(member);
      if (this.visible[member.index] !== 0 && this.decided[member.index] === 0) {
        this.decided[index] = 0;
      }
    }
    const user = this.picked[index];
    if (user && this.visible[user.index] !== 0) return user;
    const fallback = this.choiceDefault(choice);
    if (fallback === undefined) this.tristates[index] = 0;
    return fallback;
  }

  protected promptVisibility({ type, choice }: ConfigSymbol, value: Tristate): Tristate {
    if (value !== 1 || type !== 'tristate' || choice === undefined) return value;
    // Members that could only be m are hidden where the choice is y.
    return this.tristates[choice.symbol.index] === 2 ? 0 : value;
  }

  effectiveType(symbol: ConfigSymbol): SymbolType {
    if (symbol.type !== 'tristate') return symbol.type;
    const { index } = symbol;
    if (this.members[index] === 1 && this.visible[index] === 2) return 'bool';
    return this.modules === 0 ? 'bool' : 'tristate';
  }

  protected byChoice(symbol: ConfigSymbol): Tristate | undefined {
    const { index, choice } = symbol;
    if (choice === undefined || this.visible[index] !== 2) return undefined;
    return this.chosen[choice.symbol.index] === symbol ? 2 : 0;
  }

  /** @returns what is odd about it, if something is: the warning's text */
  override decidedForMember(symbol: ConfigSymbol): string | undefined {
    const owner = symbol.choice?.symbol;
    if (owner === undefined) return undefined;
    const { index } = owner;
    const value = item(this.userTristates, symbol.index);
    const before = item(this.userTristates, index);
    let odd: string | undefined;
    if (value === 1 && before === 2) {
      odd = `${symbol.name} creates inconsistent choice state`;
      this.decided[index] = 0;
    }
    if (value === 2) {
      if (before !== 0) odd = `override: ${symbol.name} changes choice state`;
      this.picked[index] = symbol;
      (this.picks[index] ??= []).push(symbol);
    }
    this.userTristates[index] = Math.max(before, value);
    return odd;
  }
}
