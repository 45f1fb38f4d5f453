/**
 * Who asks for whom: for every symbol the others whose values may change when its does. Made once for a
 * space, when the first change of a configuration asks for it.
 */

import { forEachSymbol } from './expressions.js';
import { item } from './items.js';
import type { ConfigSymbol, Expression, Space } from './model.js';

const known = new WeakMap<Space, Dependents>();

/** The dependents of a space's symbols. */
export function dependentsOf(space: Space): Dependents {
  let dependents = known.get(space);
  if (dependents === undefined) {
    dependents = new Dependents(space);
    known.set(space, dependents);
  }
  return dependents;
}

export class Dependents {
  private readonly direct: ConfigSymbol[][];

  constructor(space: Space) {
    this.direct = space.symbols.map(() => []);
    for (const symbol of space.symbols) {
      for (const asked of new Set(askedBy(symbol))) item(this.direct, asked.index).push(symbol);
    }
  }

  /** The symbols, and all that follow from them, directly or not. */
  closure(symbols: readonly ConfigSymbol[]): ConfigSymbol[] {
    const found = [...new Set(symbols)];
    const seen = new Uint8Array(this.direct.length);
    for (const { index } of found) seen[index] = 1;
    // Grows while it is walked.
    for (const { index } of found) {
      for (const dependent of item(this.direct, index)) {
        if (seen[dependent.index] === 1) continue;
        seen[dependent.index] = 1;
        found.push(dependent);
      }
    }
    return found;
  }
}

/** All that a symbol's value is computed from. What a choice makes of one member all others follow. */
function askedBy(symbol: ConfigSymbol): ConfigSymbol[] {
  const asked: ConfigSymbol[] = [];
  const ask = (expression: Expression | undefined): void => {
    if (expression) forEachSymbol(expression, (each) => asked.push(each));
  };
  for (const { condition } of symbol.prompts) ask(condition);
  for (const { condition, value } of symbol.defaults) {
    ask(condition);
    ask(value);
  }
  for (const { condition, low, high } of symbol.ranges) {
    ask(condition);
    asked.push(low, high);
  }
  ask(symbol.directDependency);
  ask(symbol.selected);
  ask(symbol.implied);
  const choice = symbol.choice ?? symbol.ownChoice;
  if (choice) asked.push(choice.symbol, ...choice.members);
  return asked;
}
