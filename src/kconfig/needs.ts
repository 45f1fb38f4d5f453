/**
 * Conditions for people: an expression as a tree of parts, each with what it comes to in a configuration.
 */

import type { Position, Tristate } from './ast.js';
import type { Ask, ConfigSymbol, Expression, Values } from './model.js';
import { operandsOf } from './print-expression.js';

/** A condition, or a part of one. */
export interface Need {
  /** As one would write it: `NET && !SMP`. */
  readonly text: string;
  /** What it comes to: it is met where this is not n. */
  readonly value: Level;
  /** How its parts are joined; `one` has none. */
  readonly kind: 'all' | 'any' | 'one';
  readonly parts: readonly Need[];
  /** Of `one`: the options it names, with their values. */
  readonly options: readonly { readonly name: string; readonly value: string }[];
}

/** A condition with its place. */
export interface PlacedNeed extends Need {
  readonly origin: Ask['origin'];
  readonly position: Position;
}

export type Level = 'n' | 'm' | 'y';

const levels = ['n', 'm', 'y'] as const;

export function levelOf(value: Tristate): Level {
  return levels[value];
}

/** The tree of a condition. */
export function needOf(expression: Expression, values: Values): Need {
  const base = {
    text: textOf(expression),
    value: levelOf(values.evaluate(expression)),
    options: [],
  };
  if (expression.kind === 'and' || expression.kind === 'or') {
    const parts = operandsOf(expression, expression.kind).map((part) => needOf(part, values));
    return { ...base, kind: expression.kind === 'and' ? 'all' : 'any', parts };
  }
  const options = namedIn(expression).map((symbol) => ({
    name: symbol.name,
    value: values.value(symbol),
  }));
  return { ...base, kind: 'one', parts: [], options };
}

export function placedNeed({ expression, origin, position }: Ask, values: Values): PlacedNeed {
  return { ...needOf(expression, values), origin, position };
}

/** The parts of a condition that keep it from being met, down to single options. */
export function unmetParts(need: Need): Need[] {
  if (need.value !== 'n') return [];
  return need.kind === 'all' ? need.parts.flatMap(unmetParts) : [need];
}

/** The options that an expression names, each once; constants are none. */
export function namedIn(expression: Expression): ConfigSymbol[] {
  const found = new Set<ConfigSymbol>();
  const visit = (part: Expression): void => {
    if (part.kind === 'symbol') found.add(part.symbol);
    else if (part.kind === 'not') visit(part.of);
    else {
      if (part.kind === 'compare') [part.left, part.right].forEach((one) => found.add(one));
      else [part.left, part.right].forEach(visit);
    }
  };
  visit(expression);
  return [...found].filter((symbol) => !symbol.constant && symbol.type !== 'unknown');
}

/** An expression as one would write it. */
export function textOf(expression: Expression): string {
  switch (expression.kind) {
    case 'symbol':
      return wordOf(expression.symbol);
    case 'compare': {
      const { operator, left, right } = expression;
      return `${wordOf(left)} ${operator} ${wordOf(right)}`;
    }
    case 'not': {
      const { of } = expression;
      return of.kind === 'symbol' ? `!${textOf(of)}` : `!(${textOf(of)})`;
    }
    default: {
      const inner = operandsOf(expression, expression.kind).map((part) =>
        part.kind === 'and' || part.kind === 'or' ? `(${textOf(part)})` : textOf(part),
      );
      return inner.join(expression.kind === 'and' ? ' && ' : ' || ');
    }
  }
}

function wordOf({ name, constant, isChoice }: ConfigSymbol): string {
  if (isChoice && name === '') return '<choice>';
  return constant && !/^[ymn]$/.test(name) ? JSON.stringify(name) : name;
}
