/** Rules in words, each with the line of the Kconfig file it comes from. */

import type { Position } from '../ast.js';
import { at } from '../errors.js';
import type { ConfigSymbol, Expression } from '../model.js';
import { item } from '../items.js';
import { textOf } from '../needs.js';
import type { Written } from '../written.js';
import { conjuncts, isExpression, symbolsOf, type Formula } from './formula.js';
import type { Rule } from './rules.js';

/** Longer conditions are cut: whoever needs the whole has the line. */
const LONGEST = 120;
/** Of those who select something, how many are named. */
const MOST_NAMED = 5;

/** `net/Kconfig:12: FOO depends on BAR`. What is wanted has no place. */
export function tellRule(rule: Rule): string {
  const text = sentence(rule);
  return rule.position === undefined ? text : `${at(rule.position)}: ${text}`;
}

function sentence(rule: Rule): string {
  const { kind, symbol, upper } = rule;
  switch (kind) {
    case 'wanted':
      return `${symbol.name}=${wantedValue(rule)} is wanted`;
    case 'modules':
      return `${symbol.name}=m needs modules`;
    case 'depends':
      return `${symbol.name} depends on ${words(upper)}`;
    case 'reach':
      return reach(symbol);
    case 'select':
    case 'imply': {
      const all = kind === 'select' ? symbol.selectedBy : symbol.impliedBy;
      const found = all.find(({ position }) => position === rule.position);
      const by = found ? `${found.by.name} ` : '';
      const verb = kind === 'select' ? 'selects' : 'implies';
      return `${by}${verb} ${symbol.name}${condition(found?.condition)}`;
    }
    case 'default': {
      const found = symbol.defaults.find(({ position }) => position === rule.position);
      const value = found ? `is ${words(found.value)}` : 'has a value';
      return `${symbol.name}, when it cannot be set, ${value}${condition(found?.condition)}`;
    }
    case 'range': {
      const found = symbol.ranges.find(({ position }) => position === rule.position);
      const limits = found ? ` ${found.low.name} to ${found.high.name}` : '';
      return `${symbol.name} has the range${limits}${condition(found?.condition)}`;
    }
    case 'choice':
      return choice(rule);
  }
}

function wantedValue({ lower, upper }: Rule): string {
  const value = lower.kind === 'value' ? lower : upper;
  return value.kind === 'value' ? item(['n', 'm', 'y'], value.value) : '';
}

function words(formula: Formula): string {
  const text = conjuncts(formula)
    .flatMap((part) => (isExpression(part) ? [textOf(part)] : []))
    .join(' && ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text || 'y';
}

function condition(expression: Expression | undefined): string {
  const isYes = expression?.kind === 'symbol' && expression.symbol.constant;
  return expression === undefined || isYes ? '' : ` if ${words(expression)}`;
}

function reach(symbol: ConfigSymbol): string {
  const ways: string[] = symbol.prompts.map(
    (prompt) => `its prompt is visible${condition(prompt.condition)}`,
  );
  if (symbol.defaults.length > 0) ways.push('a default gives it');
  const by = [...symbol.selectedBy, ...symbol.impliedBy].map((each) => each.by.name);
  if (by.length > 0) {
    const more = by.length > MOST_NAMED ? ` and ${String(by.length - MOST_NAMED)} others` : '';
    ways.push(`it is selected or implied, by ${by.slice(0, MOST_NAMED).join(', ')}${more}`);
  }
  if (ways.length === 0) return `${symbol.name} has no prompt, no default, and nothing selects it`;
  return `${symbol.name} can be had only where ${ways.join(', or ')}`;
}

function choice({ symbol, lower, upper }: Rule): string {
  const title = symbol.nodes[0]?.prompt?.text ?? symbol.name;
  if (upper.kind === 'value') {
    const names = [...symbolsOf(lower)].map(({ name }) => name);
    return `only one of ${names.join(' and ')} can be y, in the choice "${title}"`;
  }
  return `one option of the choice "${title}" is y`;
}

/** The rules with the lines of their `depends on`, `if` or menu in place of their option's. */
export function placeRules(rules: readonly Rule[], written: Written): readonly Rule[] {
  return rules.map((rule) => {
    const position = rule.kind === 'depends' ? placeOf(rule, written) : undefined;
    return position === undefined ? rule : { ...rule, position };
  });
}

/** The shortest condition that names all that the rule names. */
function placeOf({ symbol, upper }: Rule, written: Written): Position | undefined {
  const named = symbolsOf(upper);
  let best: { position: Position; size: number } | undefined;
  for (const { asks } of written.definitionsOf(symbol.name)) {
    for (const { expression, position } of asks) {
      const here = symbolsOf(expression);
      if ([...named].some((each) => !here.has(each))) continue;
      if (best === undefined || here.size < best.size) best = { position, size: here.size };
    }
  }
  return best?.position;
}
