/** An option described at length: help, type, places, dependencies, as helpnewconfig prints it. */

import type { ChoiceEvaluator } from './evaluate-choices.js';
import { at } from './errors.js';
import { ExpressionPool } from './expressions.js';
import type { ConfigSymbol, Expression, MenuNode, Prompt, Reverse } from './model.js';
import { printExpression, printReverse } from './print-expression.js';
import { PREFIX } from './read-config.js';
import { Simplifier } from './simplify.js';
import { isVisible } from './write-config.js';

/** The whole description of the symbol that a menu entry is for. */
export function describe(evaluator: ChoiceEvaluator, node: MenuNode, symbol: ConfigSymbol): string {
  const parts: string[] = [];
  if (node.help !== undefined && symbol.name !== '') parts.push(`${PREFIX}${symbol.name}:\n\n`);
  parts.push(`${node.help ?? 'There is no help available for this option.'}\n`);
  parts.push(describeSymbol(evaluator, symbol));
  return parts.join('');
}

function describeSymbol(evaluator: ChoiceEvaluator, symbol: ConfigSymbol): string {
  const parts: string[] = [];
  if (symbol.name !== '') {
    const type = symbol.type === 'int' ? 'integer' : symbol.type;
    parts.push(`Symbol: ${symbol.name} [=${evaluator.textNow(symbol)}]\nType  : ${type}\n`);
    const range =
      symbol.type === 'int' || symbol.type === 'hex' ? evaluator.activeRange(symbol) : undefined;
    if (range) {
      const ends = [range.low, range.high].map((end) => printSymbol(evaluator, end));
      parts.push(`Range : [${ends.join(' ')}]\n`);
    }
  }
  for (const node of symbol.nodes) {
    if (node.prompt) parts.push(definedAt(node), describePrompt(evaluator, node, node.prompt));
  }
  for (const node of symbol.nodes) {
    if (node.prompt) continue;
    parts.push(definedAt(node), line(evaluator, '  Depends on: ', node.dependency));
  }
  parts.push(targets('Selects: ', symbol.selects, evaluator));
  parts.push(reverse('Selected by', symbol.selected, evaluator));
  parts.push(targets('Implies: ', symbol.implies, evaluator));
  parts.push(reverse('Implied by', symbol.implied, evaluator));
  parts.push('\n\n');
  return parts.join('');
}

function printSymbol(evaluator: ChoiceEvaluator, symbol: ConfigSymbol): string {
  return printExpression({ kind: 'symbol', symbol }, evaluator);
}

function definedAt({ position }: MenuNode): string {
  return `Defined at ${at(position)}\n`;
}

function line(evaluator: ChoiceEvaluator, prefix: string, expression: Expression): string {
  if (expression.kind === 'symbol' && expression.symbol === evaluator.space.yes) return '';
  return `${prefix}${printExpression(expression, evaluator)}\n`;
}

function targets(prefix: string, all: readonly Reverse[], evaluator: ChoiceEvaluator): string {
  if (all.length === 0) return '';
  return `${prefix}${all.map(({ target }) => printSymbol(evaluator, target)).join(' && ')}\n`;
}

function reverse(
  title: string,
  expression: Expression | undefined,
  evaluator: ChoiceEvaluator,
): string {
  if (expression === undefined) return '';
  return (['y', 'm', 'n'] as const)
    .map((by) => {
      const value = by === 'y' ? 2 : by === 'm' ? 1 : 0;
      return printReverse(expression, value, `${title} [${by}]:\n`, evaluator);
    })
    .join('');
}

/** How deep a place in the menus is told. */
const DEPTH = 8;

function describePrompt(evaluator: ChoiceEvaluator, node: MenuNode, prompt: Prompt): string {
  const parts = [`  Prompt: ${prompt.text}\n`];
  parts.push(line(evaluator, '  Depends on: ', node.dependency));
  if (!sameDemand(evaluator, node.dependency, prompt.condition))
    parts.push(line(evaluator, '  Visible if: ', prompt.condition));
  const places: MenuNode[] = [];
  for (let place = node; place.parent; place = place.parent) {
    if (places.length === DEPTH) break;
    isVisible(evaluator, place);
    places.unshift(place);
  }
  parts.push('  Location:\n');
  for (const [depth, place] of places.entries()) {
    parts.push(
      `${' '.repeat(4 + 2 * depth)}-> ${place.prompt?.text ?? place.symbol?.name ?? '(null)'}`,
    );
    const { symbol } = place;
    if (symbol) {
      parts.push(
        ` (${symbol.name === '' ? '<choice>' : symbol.name} [=${evaluator.textNow(symbol)}])`,
      );
    }
    parts.push('\n');
  }
  return parts.join('');
}

/** Whether two expressions ask for the same, in whatever order. */
function sameDemand({ space }: ChoiceEvaluator, one: Expression, other: Expression): boolean {
  const pool = new ExpressionPool();
  const simplifier = new Simplifier(pool, space, space.dialect, () => undefined);
  return simplifier.equal(pool.intern(one), pool.intern(other));
}
