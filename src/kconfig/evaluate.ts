/**
 * The values of a configuration: computed when asked for, from what the user decided, and kept until
 * `forget`. This is the part on which both dialects agree; what a choice makes of its members is added
 * by evaluate-choices.ts.
 *
 * Values live in arrays by `ConfigSymbol.index`. Every operand of an expression is evaluated even if
 * the first decides, since warnings come out as symbols are first computed, and in the kernel's order.
 */

import type { Tristate } from './ast.js';
import type {
  ConfigSymbol,
  Default,
  Expression,
  Output,
  Prompt,
  Range,
  Space,
  SymbolType,
} from './model.js';
import { compareValues, leadingNumber } from './numbers.js';
import { unmetDependency } from './print-expression.js';
import { item } from './items.js';

const LETTERS = ['n', 'm', 'y'] as const;

export abstract class Evaluator {
  /** Computed: whether it is, and what. `texts` holds what strings and numbers are. */
  protected readonly valid: Uint8Array;
  readonly tristates: Uint8Array;
  readonly texts: string[];
  readonly visible: Uint8Array;
  readonly reverse: Uint8Array;
  readonly implied: Uint8Array;
  private readonly direct: Uint8Array;
  /** To be written to a `.config`. */
  readonly written: Uint8Array;

  /** What the user decided: whether at all, and what. */
  readonly decided: Uint8Array;
  readonly userTristates: Uint8Array;
  readonly userTexts: (string | undefined)[];

  /** Warnings of selected symbols whose dependencies do not hold. */
  unmet = 0;
  /** What MODULES was when last computed. */
  protected modules: Tristate = 0;
  protected readonly members: Uint8Array;
  private readonly spine: Expression[] = [];

  constructor(
    readonly space: Space,
    private readonly report: (output: Output) => void,
  ) {
    const count = space.symbols.length;
    const bytes = (): Uint8Array => new Uint8Array(count);
    this.valid = bytes();
    this.tristates = bytes();
    this.texts = new Array<string>(count).fill('');
    this.visible = bytes();
    this.reverse = bytes();
    this.implied = bytes();
    this.direct = bytes();
    this.written = bytes();
    this.decided = bytes();
    this.userTristates = bytes();
    this.userTexts = new Array<string | undefined>(count).fill(undefined);
    this.members = bytes();
    for (const { members } of space.choices) {
      for (const { index } of members) this.members[index] = 1;
    }
    for (const [value, symbol] of [space.no, space.module, space.yes].entries()) {
      this.valid[symbol.index] = 1;
      this.tristates[symbol.index] = value;
      this.texts[symbol.index] = symbol.name;
    }
  }

  /** Called before a symbol is computed, and after. */
  protected abstract before(symbol: ConfigSymbol): void;
  protected abstract after(symbol: ConfigSymbol): void;

  /** What a member of a choice is by its choice; undefined where the choice leaves it free. */
  protected abstract byChoice(symbol: ConfigSymbol): Tristate | undefined;

  /** How visible one of a symbol's prompts makes it, whose condition evaluates to `value`. */
  protected abstract promptVisibility(symbol: ConfigSymbol, value: Tristate): Tristate;

  /** Its type as it counts now: without modules, a tristate is a bool. */
  abstract effectiveType(symbol: ConfigSymbol): SymbolType;

  /** Takes a decision back, as if it had never been made. */
  undecide(symbol: ConfigSymbol): void {
    const { index } = symbol;
    this.decided[index] = 0;
    this.userTristates[index] = 0;
    this.userTexts[index] = undefined;
  }

  /** Tells its choice, if it has one, what the user decided for it. @returns a warning's text, if due */
  abstract decidedForMember(symbol: ConfigSymbol): string | undefined;

  /** Forgets what the user decided about everything, as reading a new `.config` does. */
  forgetDecisions(): void {
    this.decided.fill(0);
    this.userTristates.fill(0);
    this.userTexts.fill(undefined);
    this.forget();
  }

  /** Forgets all values. */
  forget(): void {
    this.valid.fill(0);
    const { no, module, yes } = this.space;
    for (const { index } of [no, module, yes]) this.valid[index] = 1;
  }

  /** Forgets one value, and nothing that follows from it. */
  invalidate({ index }: ConfigSymbol): void {
    this.valid[index] = 0;
  }

  /**
   * Like `invalidate`, and leaves no trace. The kernel's programs keep what a member's visibility was
   * for when a choice does not look at it; where decisions change one by one, that would be an old one.
   */
  forgetOne(symbol: ConfigSymbol): void {
    if (symbol.constant) return;
    this.valid[symbol.index] = 0;
    this.visible[symbol.index] = 0;
  }

  /** The same for all, with MODULES computed again. */
  forgetAll(): void {
    for (const symbol of this.space.symbols) this.forgetOne(symbol);
    this.forget();
    this.calculateModules();
  }

  /** Whether a value is computed. */
  isValid(index: number): boolean {
    return this.valid[index] === 1;
  }

  /** Forgets all values, and computes MODULES, on which the types of others depend. */
  restart(): void {
    this.forget();
    this.calculateModules();
  }

  calculateModules(): void {
    if (this.space.modules) this.calculate(this.space.modules);
  }

  /** Whether the symbol was written inside a choice. */
  isMember(symbol: ConfigSymbol): boolean {
    return this.members[symbol.index] === 1;
  }

  /** Whether the user could change it, if it was computed. */
  isChangeable({ index, isChoice }: ConfigSymbol): boolean {
    if (isChoice && this.space.dialect === '6.12') return false;
    return item(this.visible, index) > item(this.reverse, index);
  }

  /** Whether this prompt, of a menu, comment or symbol, is shown. */
  promptShown(prompt: Prompt, symbol: ConfigSymbol | undefined): boolean {
    const value = this.evaluate(prompt.condition);
    return (symbol ? this.promptVisibility(symbol, value) : value) !== 0;
  }

  /** Computes a symbol, unless it is. */
  calculate(symbol: ConfigSymbol): void {
    const { index, type } = symbol;
    if (this.valid[index] === 1) return;
    this.before(symbol);
    this.valid[index] = 1;
    if (type === 'unknown') {
      this.texts[index] = symbol.name;
      this.tristates[index] = 0;
      return;
    }
    this.written[index] = 0;
    this.calculateVisibility(symbol);
    if (this.visible[index] !== 0) this.written[index] = 1;
    this.tristates[index] = 0;
    this.texts[index] = this.initialText(type);
    if (type === 'bool' || type === 'tristate') {
      this.tristates[index] = this.logicalValue(symbol);
    } else {
      this.texts[index] = this.textValue(symbol);
      if (type !== 'string') this.keepInRange(symbol);
    }
    if (symbol === this.space.modules) this.modules = this.tristates[index] as Tristate;
    this.after(symbol);
    if (symbol.isChoice || symbol.transitional) this.written[index] = 0;
  }

  private initialText(type: SymbolType): string {
    if (type === 'bool' || type === 'tristate') return 'n';
    if (type === 'string' || this.space.dialect === '6.1') return '';
    return type === 'hex' ? '0x0' : '0';
  }

  /** How visible it is, and what its dependencies and those that select or imply it come to. */
  calculateVisibility(symbol: ConfigSymbol): void {
    const { index } = symbol;
    let visible: Tristate = 0;
    for (const { condition } of symbol.prompts) {
      const each = this.promptVisibility(symbol, this.evaluate(condition));
      if (each > visible) visible = each;
    }
    if (visible === 1 && (symbol.type !== 'tristate' || this.modules === 0)) visible = 2;
    this.visible[index] = visible;
    if (this.members[index] === 1) return;
    const { directDependency, selected, implied } = symbol;
    this.direct[index] = directDependency ? this.rounded(symbol, directDependency) : 2;
    this.reverse[index] = selected ? this.rounded(symbol, selected) : 0;
    this.implied[index] = implied ? this.rounded(symbol, implied) : 0;
  }

  private rounded(symbol: ConfigSymbol, expression: Expression): Tristate {
    const value = this.evaluate(expression);
    return value === 1 && this.effectiveType(symbol) === 'bool' ? 2 : value;
  }

  private logicalValue(symbol: ConfigSymbol): Tristate {
    const value = this.byChoice(symbol) ?? this.freeValue(symbol);
    return value === 1 && this.effectiveType(symbol) === 'bool' ? 2 : value;
  }

  private freeValue(symbol: ConfigSymbol): Tristate {
    const { index } = symbol;
    const visible = item(this.visible, index);
    const reverse = item(this.reverse, index);
    let value = 0;
    if ((visible !== 0 || symbol.transitional) && this.decided[index] === 1) {
      const user = item(this.userTristates, index);
      value = symbol.transitional ? user : Math.min(user, visible);
    } else {
      if (reverse !== 0) this.written[index] = 1;
      if (!symbol.isChoice) value = this.defaultOrImplied(symbol);
    }
    if (item(this.direct, index) < reverse) this.warnOfUnmet(symbol);
    return Math.max(value, reverse) as Tristate;
  }

  private defaultOrImplied(symbol: ConfigSymbol): number {
    const { index } = symbol;
    let value = this.defaultTristate(symbol);
    if (value !== 0) this.written[index] = 1;
    const implied = item(this.implied, index);
    if (implied !== 0) {
      this.written[index] = 1;
      value = Math.min(Math.max(value, implied), item(this.direct, index));
    }
    return value;
  }

  /** What its first default that applies makes of a bool or tristate, as far as the condition lets it. */
  defaultTristate(symbol: ConfigSymbol): number {
    for (const each of symbol.defaults) {
      const condition = this.evaluate(each.condition);
      if (condition !== 0) return Math.min(this.evaluate(each.value), condition);
    }
    return 0;
  }

  private firstDefault(symbol: ConfigSymbol): Default | undefined {
    return symbol.defaults.find(({ condition }) => this.evaluate(condition) !== 0);
  }

  private textValue(symbol: ConfigSymbol): string {
    const { index } = symbol;
    if ((this.visible[index] !== 0 || symbol.transitional) && this.decided[index] === 1) {
      return this.userTexts[index] ?? '';
    }
    const value = this.defaultText(symbol);
    if (value === undefined) return item(this.texts, index);
    this.written[index] = 1;
    return value;
  }

  /** What its first default that applies makes of a string or number. */
  defaultText(symbol: ConfigSymbol): string | undefined {
    const value = this.firstDefault(symbol)?.value;
    if (value?.kind !== 'symbol') return undefined;
    this.calculate(value.symbol);
    return item(this.texts, value.symbol.index);
  }

  /** The range that applies now. */
  activeRange(symbol: ConfigSymbol): Range | undefined {
    return symbol.ranges.find(({ condition }) => this.evaluate(condition) !== 0);
  }

  /** One end of a range, read as its own type says, or else as that of the symbol it bounds. */
  limit(end: ConfigSymbol, type: 'int' | 'hex'): bigint {
    this.calculate(end);
    const own = end.type === 'int' || end.type === 'hex' ? end.type : type;
    return leadingNumber(item(this.texts, end.index), own);
  }

  private keepInRange(symbol: ConfigSymbol): void {
    const range = this.activeRange(symbol);
    if (range === undefined) return;
    const { index } = symbol;
    const type = symbol.type as 'int' | 'hex';
    const value = leadingNumber(item(this.texts, index), type);
    if (value < this.limit(range.low, type)) {
      this.texts[index] = item(this.texts, range.low.index);
    } else if (value > this.limit(range.high, type)) {
      this.texts[index] = item(this.texts, range.high.index);
    }
  }

  private warnOfUnmet(symbol: ConfigSymbol): void {
    this.unmet++;
    this.report({
      stream: 'stderr',
      text: unmetDependency(symbol, this.direct[symbol.index] as Tristate, this),
    });
  }

  /** What it is, as `.config` has it but without quotes, if it was computed. */
  textNow(symbol: ConfigSymbol): string {
    return symbol.type === 'bool' || symbol.type === 'tristate'
      ? item(LETTERS, item(this.tristates, symbol.index))
      : item(this.texts, symbol.index);
  }

  evaluate(expression: Expression): Tristate {
    const { spine } = this;
    const base = spine.length;
    // Some options are selected by a thousand others, one inside the other.
    let part = expression;
    while (part.kind === 'and' || part.kind === 'or') {
      spine.push(part);
      part = part.left;
    }
    let value = this.evaluateSimple(part);
    while (spine.length > base) {
      const outer = spine.pop() as Expression & { kind: 'and' | 'or' };
      const right = this.evaluate(outer.right);
      if (outer.kind === 'and' ? right < value : right > value) value = right;
    }
    return value;
  }

  private evaluateSimple(expression: Expression): Tristate {
    switch (expression.kind) {
      case 'symbol':
        this.calculate(expression.symbol);
        return this.tristates[expression.symbol.index] as Tristate;
      case 'not':
        return (2 - this.evaluate(expression.of)) as Tristate;
      case 'compare':
        return this.holds(expression) ? 2 : 0;
      default:
        return this.evaluate(expression);
    }
  }

  private holds({ operator, left, right }: Expression & { kind: 'compare' }): boolean {
    this.calculate(left);
    this.calculate(right);
    const order = compareValues(this.textNow(left), left.type, this.textNow(right), right.type);
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
}
