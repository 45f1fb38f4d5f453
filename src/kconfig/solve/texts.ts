/**
 * The values a number or string can have, and when: the user's where its prompt is visible, else that
 * of its first default that applies. What no setting of the answer touches is exact this way; only
 * that a value is kept within its range is left to the evaluator.
 */

import type { ConfigSymbol, Values } from '../model.js';
import { all, any, none, YES, type Formula } from './formula.js';
import type { Settings } from './task.js';

export interface PossibleText {
  readonly value: string;
  readonly when: Formula;
}

/** Defaults that refer to other numbers or strings are followed so far. */
const DEEPEST = 8;

/** @returns undefined where there are too many to tell */
export function possibleTexts(
  symbol: ConfigSymbol,
  base: Values,
  wanted: Settings,
  depth = 0,
): readonly PossibleText[] | undefined {
  if (symbol.constant || symbol.nodes.length === 0) {
    return [{ value: base.value(symbol), when: YES }];
  }
  if (depth > DEEPEST) return undefined;
  const asked = wanted.get(symbol);
  if (asked !== undefined) return [{ value: asked, when: YES }];
  const found: PossibleText[] = [];
  const earlier: Formula[] = [];
  const user = base.userValue(symbol);
  if (user !== undefined) {
    const visible = any(...symbol.prompts.map((prompt) => prompt.condition));
    found.push({ value: user, when: visible });
    earlier.push(visible);
  }
  for (const { value, condition } of symbol.defaults) {
    if (value.kind === 'symbol') {
      const values = possibleTexts(value.symbol, base, wanted, depth + 1);
      if (values === undefined) return undefined;
      for (const each of values) {
        found.push({ value: each.value, when: all(none(...earlier), condition, each.when) });
      }
    }
    earlier.push(condition);
  }
  const initial = base.space.dialect === '6.1' || symbol.type === 'string' ? '' : undefined;
  const nothing = initial ?? (symbol.type === 'hex' ? '0x0' : '0');
  found.push({ value: nothing, when: none(...earlier) });
  return found;
}
