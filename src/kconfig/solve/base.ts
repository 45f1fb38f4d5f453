/** Configurations as starting points of the solver, which tries settings on a copy of its own. */

import { Configuration } from '../configuration.js';
import { item } from '../items.js';
import type { ConfigSymbol, Expression, Space, Values } from '../model.js';
import type { Tristate } from '../ast.js';
import { evaluate, isLogical } from './formula.js';
import type { Settings } from './task.js';
import type { Base } from './want.js';

/** All values of a configuration as they were at one time. */
class Snapshot implements Values {
  readonly space: Space;
  private readonly tristates: Uint8Array;
  private readonly visible: Uint8Array;
  private readonly texts = new Map<ConfigSymbol, string>();

  constructor(
    values: Values,
    private readonly decided: Settings,
  ) {
    this.space = values.space;
    const { symbols } = this.space;
    this.tristates = new Uint8Array(symbols.length);
    this.visible = new Uint8Array(symbols.length);
    for (const symbol of symbols) {
      this.tristates[symbol.index] = values.tristate(symbol);
      this.visible[symbol.index] = values.visibility(symbol);
      if (!isLogical(symbol)) this.texts.set(symbol, values.value(symbol));
    }
  }

  tristate({ index }: ConfigSymbol): Tristate {
    return item(this.tristates, index) as Tristate;
  }

  visibility({ index }: ConfigSymbol): Tristate {
    return item(this.visible, index) as Tristate;
  }

  value(symbol: ConfigSymbol): string {
    return this.texts.get(symbol) ?? item(['n', 'm', 'y'], this.tristate(symbol));
  }

  userValue(symbol: ConfigSymbol): string | undefined {
    return this.decided.get(symbol);
  }

  evaluate(expression: Expression): Tristate {
    return evaluate(expression, this);
  }
}

function decisionsOf(values: Values): Settings {
  const decided = new Map<ConfigSymbol, string>();
  for (const symbol of values.space.symbols) {
    const value = values.userValue(symbol);
    if (value !== undefined) decided.set(symbol, value);
  }
  return decided;
}

/** A copy of a configuration on which one set of settings is tried after another. */
class Trial {
  private readonly configuration: Configuration;
  private set: Settings = new Map();
  /** Settings were tried that leave a trace when they are taken back. */
  spoilt = false;

  constructor(
    space: Space,
    private readonly decided: Settings,
  ) {
    this.configuration = new Configuration(space);
    this.configuration.read(
      [...decided].map(([symbol, value]) => line(symbol, value)).join(''),
      '',
    );
  }

  try(settings: Settings): Snapshot {
    const changes = new Map<ConfigSymbol, string | undefined>();
    for (const symbol of this.set.keys()) {
      if (!settings.has(symbol)) changes.set(symbol, this.decided.get(symbol));
    }
    for (const [symbol, value] of settings) {
      if (this.set.get(symbol) !== value) changes.set(symbol, value);
      // A choice remembers in which order its members were decided.
      if (symbol.choice !== undefined && this.decided.has(symbol)) this.spoilt = true;
    }
    this.configuration.change(changes);
    this.set = settings;
    return new Snapshot(this.configuration, new Map([...this.decided, ...settings]));
  }
}

/** As a line of `.config`. */
function line({ name, type }: ConfigSymbol, value: string): string {
  if (type === 'string') return `CONFIG_${name}="${value.replace(/["\\]/g, '\\$&')}"\n`;
  return value === 'n' ? `# CONFIG_${name} is not set\n` : `CONFIG_${name}=${value}\n`;
}

/** The solver's view of a configuration as it is now; later changes of it are not seen. */
export function baseOf(configuration: Configuration): Base {
  const { space } = configuration;
  const decided = decisionsOf(configuration);
  let trial: Trial | undefined;
  return Object.assign(new Snapshot(configuration, decided), {
    with: (settings: Settings) => {
      if (trial === undefined || trial.spoilt) trial = new Trial(space, decided);
      return trial.try(settings);
    },
  });
}

/**
 * The configuration that `conf --allnoconfig` starts from: everything that has a prompt is n.
 *
 * @param but what is decided otherwise; values that are not of their type are left out
 */
export function allNo(space: Space, but: Settings = new Map()): Configuration {
  const configuration = new Configuration(space);
  const refused = space.symbols.filter(
    (symbol) =>
      isLogical(symbol) &&
      !symbol.constant &&
      !symbol.isChoice &&
      symbol.prompts.length > 0 &&
      // Since 6.11 it says nothing of members of choices.
      (symbol.choice === undefined || space.dialect === '6.1'),
  );
  const lines = [
    ...refused.map((symbol) => line(symbol, 'n')),
    ...[...but].map(([symbol, value]) => line(symbol, value)),
  ];
  configuration.read(lines.join(''), '');
  return configuration;
}
