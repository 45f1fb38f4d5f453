/** What the caller wants, checked: names that exist, with values of their types. */

import type { ConfigSymbol, Space } from '../model.js';
import { isNumber } from '../numbers.js';
import { nearestNames } from './nearest.js';
import type { Settings } from './task.js';

/** One wanted value that means nothing. */
export interface WantProblem {
  readonly name: string;
  readonly text: string;
  /** Options that may have been meant. */
  readonly nearest: readonly string[];
}

/** Wanted values that no configuration could have by their names or types alone. */
export class WantError extends Error {
  override readonly name = 'WantError';

  constructor(readonly problems: readonly WantProblem[]) {
    super(problems.map(({ text }) => text).join('\n'));
  }
}

/** @throws WantError with every fault */
export function checkWanted(space: Space, wanted: Readonly<Record<string, string>>): Settings {
  const settings = new Map<ConfigSymbol, string>();
  const problems: WantProblem[] = [];
  for (const [given, value] of Object.entries(wanted)) {
    const name = given.replace(/^CONFIG_/, '');
    const symbol = space.byName.get(name);
    if (symbol === undefined || symbol.nodes.length === 0) {
      problems.push(unknownOption(space, name));
      continue;
    }
    const fault = valueFault(symbol, value);
    if (fault === undefined) settings.set(symbol, value);
    else problems.push({ name, nearest: [], text: `${name}=${value}: ${fault}` });
  }
  if (problems.length > 0) throw new WantError(problems);
  return settings;
}

function unknownOption(space: Space, name: string): WantProblem {
  const defined = [...space.byName.values()].filter((symbol) => symbol.nodes.length > 0);
  const nearest = nearestNames(
    name,
    defined.map((symbol) => symbol.name),
  );
  const hint = nearest.length > 0 ? `; did you mean ${nearest.join(' or ')}?` : '';
  return { name, nearest, text: `${name}: there is no such option${hint}` };
}

function valueFault(symbol: ConfigSymbol, value: string): string | undefined {
  switch (symbol.type) {
    case 'bool':
      return value === 'y' || value === 'n' ? undefined : 'a bool is y or n';
    case 'tristate':
      return value === 'y' || value === 'm' || value === 'n'
        ? undefined
        : 'a tristate is y, m or n';
    case 'int':
      return isNumber('int', value) ? undefined : 'no decimal number';
    case 'hex':
      return isNumber('hex', value) ? undefined : 'no hexadecimal number';
    case 'string':
      return /[\n\r]/.test(value) ? 'a string is one line' : undefined;
    case 'unknown':
      return 'the option has no type, and so no value';
  }
}
