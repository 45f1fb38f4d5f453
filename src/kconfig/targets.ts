/**
 * What `make …config` does: each target as the kernel's own program carries it out, with its messages,
 * warnings and exit status, on files given and taken as text. Nothing here touches a disk.
 *
 * Targets that ask questions are not here, for there is nobody to ask.
 */

import type { Tristate } from './ast.js';
import { createEvaluator, TristateChoices, type ChoiceEvaluator } from './evaluate-choices.js';
import type { Output, Space } from './model.js';
import { isNumber, leadingNumber } from './numbers.js';
import { listNew } from './new-options.js';
import { readConfig } from './read-config.js';
import { formatConfig, formatDefconfig } from './write-config.js';

export type Target =
  | 'allnoconfig'
  | 'allyesconfig'
  | 'allmodconfig'
  | 'alldefconfig'
  | 'defconfig'
  | 'olddefconfig'
  | 'savedefconfig'
  | 'listnewconfig'
  | 'helpnewconfig'
  | 'yes2modconfig'
  | 'mod2yesconfig'
  | 'mod2noconfig';

export interface TargetOptions {
  readonly target: Target;
  /** The text of a file, by the name the kernel's program would open; undefined where there is none. */
  readonly read: (name: string) => string | undefined;
  /** Of defconfig: the file to start from. */
  readonly defconfig?: string;
  /**
   * Those of these that are set count: KCONFIG_CONFIG, KCONFIG_ALLCONFIG, KCONFIG_DEFCONFIG_LIST,
   * KCONFIG_WERROR, KCONFIG_WARN_UNKNOWN_SYMBOLS.
   */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Leave out what is said of files read and written. */
  readonly silent?: boolean;
}

export interface TargetResult {
  /** 0, or 1 where the kernel's program gives up; then nothing is written. */
  readonly status: 0 | 1;
  readonly output: readonly Output[];
  /** The `.config`, or of savedefconfig the defconfig; undefined where the target writes none. */
  readonly written?: string;
}

/** Carries out a target. What the Kconfig files themselves made the program print comes first. */
export function runTarget(space: Space, options: TargetOptions): TargetResult {
  const run = new Run(space, options);
  try {
    const written = run.carryOut();
    return { status: 0, output: run.output, ...(written !== undefined && { written }) };
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
    return { status: 1, output: run.output };
  }
}

class GivenUp extends Error {}

const SEEDS: Partial<Record<Target, string>> = {
  allnoconfig: 'allno.config',
  allyesconfig: 'allyes.config',
  allmodconfig: 'allmod.config',
  alldefconfig: 'alldef.config',
};

class Run {
  readonly output: Output[];
  private readonly evaluator: ChoiceEvaluator;
  private readonly environment: Readonly<Record<string, string | undefined>>;
  /** The configuration differs from the file it came from. */
  private changed = true;
  private warnings = 0;

  constructor(
    private readonly space: Space,
    private readonly options: TargetOptions,
  ) {
    this.output = [...space.messages];
    this.environment = options.environment ?? {};
    this.evaluator = createEvaluator(space, (output) => this.output.push(output));
  }

  carryOut(): string | undefined {
    const { target } = this.options;
    this.start(target);
    if (this.warnings > 0 && this.environment['KCONFIG_WERROR'] !== undefined) throw new GivenUp();
    this.change(target);
    if (this.evaluator.unmet > 0 && this.environment['KCONFIG_WERROR'] !== undefined) {
      throw new GivenUp();
    }
    if (target === 'listnewconfig' || target === 'helpnewconfig') return undefined;
    return target === 'savedefconfig' ? formatDefconfig(this.evaluator) : this.write();
  }

  private start(target: Target): void {
    if (target in SEEDS) {
      this.readSeed(target);
    } else if (target === 'defconfig') {
      const file = this.options.defconfig ?? '';
      if (!this.readAll(file)) {
        this.complain(`***\n*** Can't find default configuration "${file}"!\n***\n`);
      }
    } else {
      this.readAll(undefined);
    }
  }

  private complain(text: string): never {
    this.output.push({ stream: 'stderr', text });
    throw new GivenUp();
  }

  private say(text: string): void {
    if (this.options.silent !== true) {
      this.output.push({ stream: 'stdout', text: `#\n# ${text}\n#\n` });
    }
  }

  private readSeed(target: Target): void {
    const name = this.environment['KCONFIG_ALLCONFIG'];
    if (name === undefined) return;
    if (name !== '' && name !== '1') {
      if (!this.readFile(name)) this.complain(`*** Can't read seed configuration "${name}"!\n`);
      return;
    }
    const usual = SEEDS[target] ?? '';
    if (this.readFile(usual) || this.readFile('all.config')) return;
    this.complain(`*** KCONFIG_ALLCONFIG set, but no "${usual}" or "all.config" file found\n`);
  }

  private readFile(name: string): boolean {
    const text = this.options.read(name);
    if (text === undefined) return false;
    const { warnings, unknown } = readConfig(this.evaluator, text, {
      name,
      warnUnknown: this.environment['KCONFIG_WARN_UNKNOWN_SYMBOLS'] !== undefined,
      report: (output) => this.output.push(output),
    });
    this.warnings = warnings;
    if (unknown) this.changed = true;
    return true;
  }

  private get configName(): string {
    return this.environment['KCONFIG_CONFIG'] ?? '.config';
  }

  private readDefault(): boolean {
    if (this.readFile(this.configName)) return true;
    this.changed = true;
    const list = this.environment['KCONFIG_DEFCONFIG_LIST'] ?? '';
    for (const name of list.split(/[ \t\n\v\f\r]+/).filter((each) => each !== '')) {
      if (this.options.read(name) === undefined) continue;
      this.say(`using defaults found in ${name}`);
      return this.readFile(name);
    }
    return false;
  }

  /** Reads a configuration and computes everything. @returns whether there was one */
  private readAll(name: string | undefined): boolean {
    this.changed = false;
    const found = name === undefined ? this.readDefault() : this.readFile(name);
    const { evaluator } = this;
    evaluator.calculateModules();
    if (!found) return false;
    let unsaved = this.differsFromRead();
    if (this.space.dialect === '6.1') unsaved = this.dropUnusable(unsaved);
    if (unsaved || this.warnings > 0) this.changed = true;
    return true;
  }

  /** Whether a value came out otherwise than it was read, or is new. Computes all values. */
  private differsFromRead(): boolean {
    const { evaluator, space } = this;
    let differs = false;
    for (const symbol of space.hashed) {
      evaluator.calculate(symbol);
      if (symbol.isChoice) continue;
      const { index, type } = symbol;
      const decided = evaluator.decided[index] === 1;
      const written = evaluator.written[index] === 1;
      if (!decided && !written) continue;
      if (decided && written) {
        const logical = type === 'bool' || type === 'tristate';
        const same = logical
          ? evaluator.userTristates[index] === evaluator.tristates[index]
          : evaluator.userTexts[index] === evaluator.texts[index];
        if (same) continue;
      }
      differs = true;
    }
    return differs;
  }

  /** In 6.1 values that are invisible or out of range count as never decided. */
  private dropUnusable(unsaved: boolean): boolean {
    const { evaluator, space } = this;
    let differs = unsaved;
    for (const symbol of space.hashed) {
      const { index, type } = symbol;
      if (evaluator.decided[index] === 0 || evaluator.isMember(symbol)) continue;
      if (evaluator.visible[index] === 0 && !differs) evaluator.decided[index] = 0;
      if (type !== 'int' && type !== 'hex') continue;
      const text = evaluator.userTexts[index] ?? '';
      const range = evaluator.activeRange(symbol);
      const value = leadingNumber(text, type);
      const inside =
        isNumber(type, text) &&
        (!range ||
          (value >= evaluator.limit(range.low, type) &&
            value <= evaluator.limit(range.high, type)));
      if (inside) continue;
      evaluator.decided[index] = 0;
      evaluator.invalidate(symbol);
      differs = true;
    }
    return differs;
  }

  private change(target: Target): void {
    switch (target) {
      case 'allnoconfig':
        this.decideAll(0);
        break;
      case 'allmodconfig':
        this.decideAll(1);
        break;
      case 'allyesconfig':
        this.decideAll(2);
        break;
      case 'alldefconfig':
      case 'defconfig':
        this.decideAll(undefined);
        break;
      case 'yes2modconfig':
        this.rewrite(2, 1);
        break;
      case 'mod2yesconfig':
        this.rewrite(1, 2);
        break;
      case 'mod2noconfig':
        this.rewrite(1, 0);
        break;
      case 'listnewconfig':
      case 'helpnewconfig':
        this.output.push(...listNew(this.evaluator, target === 'helpnewconfig'));
    }
  }

  private restart(): void {
    this.changed = true;
    this.evaluator.restart();
  }

  /** Answers what the user has not decided; undefined leaves it to the defaults. */
  private decideAll(value: Tristate | undefined): void {
    const { evaluator } = this;
    if (evaluator instanceof TristateChoices) {
      this.decideAllWithChoices(evaluator, value);
      return;
    }
    if (value !== undefined) {
      for (const symbol of this.space.symbols) {
        const { index, type, nodes, isChoice } = symbol;
        if (type !== 'bool' && type !== 'tristate') continue;
        if (isChoice || evaluator.isMember(symbol) || evaluator.decided[index] === 1) continue;
        if (!nodes.some(({ prompt }) => prompt !== undefined)) continue;
        evaluator.userTristates[index] = value;
        evaluator.decided[index] = 1;
      }
    }
    this.restart();
  }

  private decideAllWithChoices(evaluator: TristateChoices, value: Tristate | undefined): void {
    for (const { index, type } of this.space.hashed) {
      if (value === undefined || (type !== 'bool' && type !== 'tristate')) continue;
      if (evaluator.decided[index] === 1 || evaluator.isValid(index)) continue;
      evaluator.userTristates[index] = value;
      evaluator.decided[index] = 1;
    }
    this.restart();
    evaluator.expectSettling();
    for (const symbol of this.space.hashed) {
      const { ownChoice } = symbol;
      if (ownChoice === undefined || evaluator.decided[symbol.index] === 1) continue;
      evaluator.calculate(symbol);
      evaluator.settle(ownChoice);
    }
  }

  private rewrite(from: Tristate, to: Tristate): void {
    const { evaluator } = this;
    for (const symbol of this.space.hashed) {
      const { index } = symbol;
      if (evaluator.userTristates[index] !== from) continue;
      if (evaluator.effectiveType(symbol) === 'tristate') evaluator.userTristates[index] = to;
    }
    this.restart();
  }

  private write(): string {
    if (!this.changed) this.restart();
    const text = formatConfig(this.evaluator);
    const same = text === this.options.read(this.configName);
    this.say(
      same ? `No change to ${this.configName}` : `configuration written to ${this.configName}`,
    );
    for (const symbol of this.space.hashed) this.evaluator.calculate(symbol);
    return text;
  }
}
