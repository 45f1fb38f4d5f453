/**
 * The rules by which the kernel's programs give a symbol its value, as inequalities `lower ≤ upper`
 * over the values of symbols. What the user sets does not occur in them: where a prompt is visible, a
 * symbol may have every value from what selects force to what the prompt allows, and the user picks.
 * Which values need no picking is said apart ({@link unchanged}).
 *
 * One rule is stricter than the programs: a symbol is never more than its dependencies allow, so that
 * a select against them, of which the programs warn, is no solution.
 */

import type { Position } from '../ast.js';
import type { Choice, ConfigSymbol, Default, Values } from '../model.js';
import { leadingNumber } from '../numbers.js';
import { item } from '../items.js';
import type { Settings } from './task.js';
import { possibleTexts } from './texts.js';
import { all, any, conjuncts, is, isLogical, NO, none, YES, type Formula } from './formula.js';

export type RuleKind =
  | 'wanted' // what the caller asked for
  | 'modules' // m is a value of its own only with modules
  | 'depends' // a symbol is no more than its dependencies
  | 'reach' // nor more than its prompt, defaults, selects and implies give it
  | 'select'
  | 'imply'
  | 'default'
  | 'range'
  | 'choice'; // one of its members, and only one

export interface Rule {
  readonly kind: RuleKind;
  /** Whom it is about: the selected one of a select; the choice's own symbol. */
  readonly symbol: ConfigSymbol;
  /** Where it is written; undefined for what is wanted. */
  readonly position: Position | undefined;
  readonly lower: Formula;
  readonly upper: Formula;
  /** Of a bool: m counts as y. So it does for tristates while modules are off. */
  readonly boolean: boolean;
}

/** The greatest its prompts let the user choose. */
export function visibilityOf(symbol: ConfigSymbol): Formula {
  return any(...symbol.prompts.map((prompt) => prompt.condition));
}

/** What a default gives: only the first with a condition that is not n counts. */
function defaultAt(defaults: readonly Default[], index: number): Formula {
  const earlier = defaults.slice(0, index).map((each) => each.condition);
  const { value, condition } = item(defaults, index);
  return all(none(...earlier), value, condition);
}

function defaultsOf(symbol: ConfigSymbol): readonly Formula[] {
  return symbol.defaults.map((_, index) => defaultAt(symbol.defaults, index));
}

function impliesOf(symbol: ConfigSymbol): readonly Formula[] {
  return symbol.impliedBy.map(({ by, condition }) => all(is(by), condition, symbol.dependency));
}

function selectsOf(symbol: ConfigSymbol): readonly Formula[] {
  return symbol.selectedBy.map(({ by, condition }) => all(is(by), condition));
}

export function positionOf(symbol: ConfigSymbol): Position | undefined {
  return symbol.nodes[0]?.position;
}

/** Whether a select forces it against its dependencies in the base already. */
function isUnmet(symbol: ConfigSymbol, base: Values): boolean {
  const given = base.evaluate(symbol.directDependency ?? symbol.dependency);
  return given < base.tristate(symbol) && (symbol.type === 'tristate' || given === 0);
}

/** The rules of a bool or tristate that is no member of a choice. */
export function rulesOf(symbol: ConfigSymbol, base: Values): readonly Rule[] {
  const boolean = symbol.type === 'bool';
  const about = { symbol, boolean };
  const position = positionOf(symbol);
  const itself = is(symbol);
  const hidden = none(visibilityOf(symbol));
  const rules: Rule[] = [];
  if (!isUnmet(symbol, base)) rules.push(...dependencyRules(symbol));
  const reach = any(
    visibilityOf(symbol),
    ...defaultsOf(symbol),
    ...selectsOf(symbol),
    ...impliesOf(symbol),
  );
  rules.push({ ...about, kind: 'reach', position, lower: itself, upper: reach });
  symbol.selectedBy.forEach(({ by, condition, position }) => {
    const lower = all(is(by), condition);
    rules.push({ ...about, kind: 'select', position, lower, upper: itself });
  });
  symbol.defaults.forEach(({ position }, index) => {
    const lower = all(hidden, defaultAt(symbol.defaults, index));
    rules.push({ ...about, kind: 'default', position, lower, upper: itself });
  });
  symbol.impliedBy.forEach(({ by, condition, position }) => {
    const lower = all(hidden, is(by), condition, symbol.dependency);
    rules.push({ ...about, kind: 'imply', position, lower, upper: itself });
  });
  return rules;
}

function dependencyRules(symbol: ConfigSymbol): readonly Rule[] {
  return conjuncts(symbol.dependency).map((upper) => ({
    kind: 'depends',
    symbol,
    position: positionOf(symbol),
    lower: is(symbol),
    upper,
    boolean: symbol.type === 'bool',
  }));
}

/** The value it has where the user adds nothing to the base. */
export function unchanged(symbol: ConfigSymbol, base: Values): Formula {
  const forced = selectsOf(symbol);
  const follows = [...defaultsOf(symbol), ...impliesOf(symbol)];
  const user = base.userValue(symbol);
  if (user === undefined) return any(...follows, ...forced);
  const visibility = visibilityOf(symbol);
  const given: Formula = user === 'y' ? YES : user === 'm' ? { kind: 'value', value: 1 } : NO;
  return any(all(given, visibility), all(none(visibility), any(...follows)), ...forced);
}

/**
 * The rules of a choice and of all its members. 6.1's choices between tristates are modelled without
 * their second mode, in which several members are m.
 */
export function choiceRules(choice: Choice): readonly Rule[] {
  const { members, symbol, optional } = choice;
  const rules: Rule[] = members.flatMap(memberRules);
  const about = { kind: 'choice' as const, symbol, position: choice.node.position, boolean: true };
  members.forEach((one, index) => {
    for (const other of members.slice(index + 1)) {
      rules.push({ ...about, lower: all(is(one), is(other)), upper: NO });
    }
  });
  const chosen = any(...members.map(is));
  if (!optional) {
    rules.push({ ...about, lower: any(...members.map(visibilityOf)), upper: chosen });
  }
  // 6.1: members depend on the choice itself.
  const visible = visibilityOf(symbol);
  rules.push({ ...about, lower: is(symbol), upper: visible });
  if (optional) rules.push({ ...about, lower: is(symbol), upper: chosen });
  else rules.push({ ...about, lower: visible, upper: is(symbol) });
  return rules;
}

function memberRules(member: ConfigSymbol): readonly Rule[] {
  const rules: Rule[] = [...dependencyRules(member)];
  const about = { symbol: member, position: positionOf(member), kind: 'reach' as const };
  const itself = is(member);
  rules.push({ ...about, lower: itself, upper: visibilityOf(member), boolean: true });
  if (member.type === 'tristate') {
    rules.push({ ...about, lower: none(none(itself)), upper: itself, boolean: false });
  }
  return rules;
}

/** Which member a choice has where the user adds nothing to the base, and when. */
export interface Chosen {
  readonly member: ConfigSymbol;
  readonly when: Formula;
}

export function unchangedChoice(choice: Choice, base: Values): readonly Chosen[] {
  const { members } = choice;
  const value = (member: ConfigSymbol) => base.userValue(member);
  const order: Chosen[] = members
    .filter((member) => value(member) === 'y')
    .map((member) => ({ member, when: visibilityOf(member) }));
  if (!choice.optional) order.push(...defaultOrder(choice, base));
  return order.map(({ member, when }, index) => ({
    member,
    when: all(when, none(...order.slice(0, index).map((earlier) => earlier.when))),
  }));
}

/** Without a visible y: the default, unless the user said n to it; then what is left. */
function defaultOrder(choice: Choice, base: Values): readonly Chosen[] {
  const { members, symbol } = choice;
  const refused = (member: ConfigSymbol) => base.userValue(member) === 'n';
  const seen = (member: ConfigSymbol): Chosen => ({ member, when: visibilityOf(member) });
  const defaults: Chosen[] = symbol.defaults.flatMap(({ value, condition }) =>
    value.kind === 'symbol' && members.includes(value.symbol)
      ? [{ member: value.symbol, when: all(condition, visibilityOf(value.symbol)) }]
      : [],
  );
  const first = [...defaults, ...members.map(seen)];
  if (base.space.dialect === '6.1' || !first.some(({ member }) => refused(member))) return first;
  // 6.12: a refused default gives way to the first visible member of which the user said nothing.
  const undecided = members.filter((member) => base.userValue(member) === undefined).map(seen);
  const order: Chosen[] = first.flatMap(({ member, when }, index) => {
    const here = all(when, none(...first.slice(0, index).map((earlier) => earlier.when)));
    if (!refused(member)) return [{ member, when: here }];
    return undecided.map((other) => ({ member: other.member, when: all(here, other.when) }));
  });
  return [...order, ...[...members].reverse().map(seen)];
}

/** That a number or string has a value: the user sets it, or a default gives it. */
function valueRules(symbol: ConfigSymbol, value: string, base: Values, wanted: Settings): Rule[] {
  const about = { symbol, boolean: true };
  const position = positionOf(symbol);
  const visible = visibilityOf(symbol);
  const others = new Map([...wanted].filter(([other]) => other !== symbol));
  const hidden = (possibleTexts(symbol, base, others) ?? [])
    .filter((each) => each.value === value)
    .map((each) => all(none(visible), each.when));
  const rules: Rule[] = [
    { ...about, kind: 'reach', position, lower: YES, upper: any(visible, ...hidden) },
  ];
  for (const upper of conjuncts(symbol.dependency)) {
    rules.push({ ...about, kind: 'depends', position, lower: YES, upper });
  }
  const { type } = symbol;
  if (type !== 'int' && type !== 'hex') return rules;
  const number = leadingNumber(value, type);
  const ends = (end: ConfigSymbol) =>
    (possibleTexts(end, base, wanted) ?? [{ value: base.value(end), when: YES }]).map((each) => ({
      number: leadingNumber(each.value, end.type === 'hex' ? 'hex' : type),
      when: each.when,
    }));
  symbol.ranges.forEach(({ low, high, condition, position }, index) => {
    const outside = [
      ...ends(low).filter((end) => end.number > number),
      ...ends(high).filter((end) => end.number < number),
    ];
    const earlier = symbol.ranges.slice(0, index).map((each) => each.condition);
    const when = any(...outside.map((end) => end.when));
    const lower = all(none(...earlier), condition, when);
    if (outside.length > 0) rules.push({ ...about, kind: 'range', position, lower, upper: NO });
  });
  return rules;
}

/** That the symbol has the wanted value. */
export function wantedRules(symbol: ConfigSymbol, all: Settings, base: Values): readonly Rule[] {
  const wanted = all.get(symbol) ?? 'n';
  if (!isLogical(symbol)) return valueRules(symbol, wanted, base, all);
  const about = { kind: 'wanted' as const, symbol, position: undefined, boolean: false };
  const itself = is(symbol);
  const value: Formula = wanted === 'y' ? YES : wanted === 'm' ? { kind: 'value', value: 1 } : NO;
  const rules: Rule[] = [];
  if (wanted !== 'n') rules.push({ ...about, lower: value, upper: itself });
  if (wanted !== 'y') rules.push({ ...about, lower: itself, upper: value });
  if (wanted === 'm') {
    const { modules } = base.space;
    rules.push({
      kind: 'modules',
      symbol,
      position: modules && positionOf(modules),
      lower: YES,
      upper: modules ? is(modules) : NO,
      boolean: true,
    });
  }
  return rules;
}
