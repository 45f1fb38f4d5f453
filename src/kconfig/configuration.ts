/**
 * A configuration: what the user decided about the options of a space, and what follows from it by the
 * kernel's rules. Values are computed when they are asked for; after a change, only what may have
 * followed from it is computed anew.
 */

import type { Tristate } from './ast.js';
import { dependentsOf } from './dependents.js';
import { KconfigError } from './errors.js';
import { createEvaluator, type ChoiceEvaluator } from './evaluate-choices.js';
import { item } from './items.js';
import type { ConfigSymbol, Expression, Output, Space, Values } from './model.js';
import { decide, quote, readConfig } from './read-config.js';
import {
  formatAutoConf,
  formatAutoHeader,
  formatConfig,
  formatDefconfig,
  formatRustcCfg,
} from './write-config.js';

/** The files that can be written of a configuration. */
export type ConfigFormat = 'config' | 'defconfig' | 'auto.conf' | 'autoconf.h' | 'rustc_cfg';

const FORMATS = {
  config: formatConfig,
  defconfig: formatDefconfig,
  'auto.conf': formatAutoConf,
  'autoconf.h': formatAutoHeader,
  rustc_cfg: formatRustcCfg,
} as const;

export class Configuration implements Values {
  private readonly evaluator: ChoiceEvaluator;

  /**
   * Nothing is decided yet: everything has its default.
   *
   * @param report is told of options that are selected although what they depend on does not hold,
   * each time that such a value is computed
   */
  constructor(
    readonly space: Space,
    report: (output: Output) => void = () => undefined,
  ) {
    this.evaluator = createEvaluator(space, report);
    this.evaluator.forgetDecisions();
    this.evaluator.calculateModules();
  }

  /**
   * Decides what the text of a `.config` or of a fragment says, and nothing else.
   *
   * @param name what warnings call the file
   * @returns warnings of what makes no sense in it; that is left out
   */
  read(text: string, name: string): Output[] {
    const warnings: Output[] = [];
    const report = (output: Output): unknown => warnings.push(output);
    readConfig(this.evaluator, text, { name, warnUnknown: true, report });
    this.evaluator.forgetAll();
    return warnings;
  }

  /**
   * Decides on a value, as a line of `.config` would that comes last; strings without quotes. Whether
   * it takes effect depends on the rest, as there.
   *
   * @throws KconfigError if it is no value for the symbol's type
   */
  set(symbol: ConfigSymbol, value: string): void {
    this.change(new Map([[symbol, value]]));
  }

  /** Takes a decision back. */
  unset(symbol: ConfigSymbol): void {
    this.change(new Map([[symbol, undefined]]));
  }

  /**
   * Many decisions at once, in this order, as by `set`, or by `unset` where there is no value.
   *
   * @throws KconfigError for values of the wrong type; the others count all the same
   */
  change(decisions: ReadonlyMap<ConfigSymbol, string | undefined>): void {
    const { evaluator } = this;
    const problems: string[] = [];
    for (const [symbol, value] of decisions) {
      evaluator.undecide(symbol);
      if (value === undefined) continue;
      const problem = decide(evaluator, symbol, symbol.type === 'string' ? quote(value) : value);
      if (problem === undefined) evaluator.decidedForMember(symbol);
      else problems.push(problem);
    }
    this.forgetWhatFollows([...decisions.keys()]);
    if (problems.length > 0) throw new KconfigError(problems.map((text) => ({ text })));
  }

  private forgetWhatFollows(symbols: readonly ConfigSymbol[]): void {
    const { evaluator, space } = this;
    const { modules } = space;
    const before = modules && evaluator.tristates[modules.index];
    let follows = false;
    for (const each of dependentsOf(space).closure(symbols)) {
      evaluator.forgetOne(each);
      if (each === modules) follows = true;
    }
    if (!follows || modules === undefined) return;
    // Without modules all tristates are bools.
    evaluator.calculateModules();
    if (evaluator.tristates[modules.index] !== before) evaluator.forgetAll();
  }

  value(symbol: ConfigSymbol): string {
    this.evaluator.calculate(symbol);
    return this.evaluator.textNow(symbol);
  }

  tristate(symbol: ConfigSymbol): Tristate {
    this.evaluator.calculate(symbol);
    return item(this.evaluator.tristates, symbol.index) as Tristate;
  }

  visibility(symbol: ConfigSymbol): Tristate {
    this.evaluator.calculate(symbol);
    return item(this.evaluator.visible, symbol.index) as Tristate;
  }

  evaluate(expression: Expression): Tristate {
    return this.evaluator.evaluate(expression);
  }

  userValue(symbol: ConfigSymbol): string | undefined {
    const { index, type, isChoice } = symbol;
    if (isChoice || this.evaluator.decided[index] === 0) return undefined;
    return type === 'bool' || type === 'tristate'
      ? 'nmy'.charAt(item(this.evaluator.userTristates, index))
      : this.evaluator.userTexts[index];
  }

  /** The text of a file, byte for byte as the kernel's programs write it. */
  format(format: ConfigFormat): string {
    const text = FORMATS[format](this.evaluator);
    // Writing a defconfig marks what was written.
    if (format === 'defconfig') this.evaluator.forgetAll();
    return text;
  }
}
