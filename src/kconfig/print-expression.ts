/** Expressions as the kernel's programs print them, with the values of their symbols. */

import type { Tristate } from './ast.js';
import type { ConfigSymbol, Expression } from './model.js';

/** What printing needs to know of a configuration. */
export interface PrintedValues {
  textNow(symbol: ConfigSymbol): string;
  evaluate(expression: Expression): Tristate;
}

/** How tightly each kind binds; what binds less than what it is in stands in parentheses. */
const BINDING = { or: 1, and: 2, not: 3, compare: 4, symbol: 5 } as const;

function nameOf(symbol: ConfigSymbol): string {
  return symbol.isChoice && symbol.name === '' ? '<choice>' : symbol.name;
}

/** `FOO [=y] && !BAR [=n]`. */
export function printExpression(expression: Expression, values: PrintedValues): string {
  const named = (symbol: ConfigSymbol): string =>
    symbol.type === 'unknown' || (symbol.isChoice && symbol.name === '')
      ? nameOf(symbol)
      : `${nameOf(symbol)} [=${values.textNow(symbol)}]`;
  const print = (part: Expression, around: number): string => {
    const text = printPart(part);
    return BINDING[part.kind] < around ? `(${text})` : text;
  };
  const printPart = (part: Expression): string => {
    switch (part.kind) {
      case 'symbol':
        return named(part.symbol);
      case 'not':
        return `!${print(part.of, BINDING.not)}`;
      case 'compare':
        return `${named(part.left)}${part.operator}${named(part.right)}`;
      default: {
        const binding = BINDING[part.kind];
        const sign = part.kind === 'and' ? ' && ' : ' || ';
        return operandsOf(part, part.kind)
          .map((each) => print(each, binding))
          .join(sign);
      }
    }
  };
  return print(expression, 0);
}

/** All operands of one level, from left to right, however they were put together. */
export function operandsOf(expression: Expression, kind: 'and' | 'or'): Expression[] {
  const found: Expression[] = [];
  const open = [expression];
  for (let part = open.pop(); part; part = open.pop()) {
    if (part.kind === kind) open.push(part.right, part.left);
    else found.push(part);
  }
  return found;
}

/** Those that make it what it is, one a line, under a title; nothing where nobody does. */
export function printReverse(
  reverse: Expression,
  by: Tristate,
  title: string,
  values: PrintedValues,
): string {
  const lines = operandsOf(reverse, 'or')
    .filter((each) => values.evaluate(each) === by)
    .map((each) => `  - ${printExpression(each, values)}\n`);
  return lines.length === 0 ? '' : title + lines.join('');
}

/** The warning that something is selected in spite of its dependencies. */
export function unmetDependency(
  symbol: ConfigSymbol,
  direct: Tristate,
  values: PrintedValues,
): string {
  const { directDependency, selected } = symbol;
  const asked = directDependency ? printExpression(directDependency, values) : 'y';
  return (
    `\nWARNING: unmet direct dependencies detected for ${symbol.name}\n` +
    `  Depends on [${direct === 1 ? 'm' : 'n'}]: ${asked}\n` +
    (selected ? printReverse(selected, 2, '  Selected by [y]:\n', values) : '') +
    (selected ? printReverse(selected, 1, '  Selected by [m]:\n', values) : '')
  );
}
