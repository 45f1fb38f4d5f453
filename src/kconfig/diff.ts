/**
 * What differs between two configurations, grouped by menu, each difference with its reason. The two may
 * be of different kernels: options are compared by their names.
 */

import type { ConfigSymbol, MenuNode, Values } from './model.js';
import { needOf, unmetParts } from './needs.js';
import { followedReason, reasonsOf, wouldFollow } from './reasons.js';
import type { Reason } from './reasons.js';

/** One of the two. */
export interface Side {
  readonly values: Values;
  /**
   * The user's values are a whole `.config`: they tell what came out, not what was asked. Then only what
   * would not follow by itself counts as asked for.
   */
  readonly complete: boolean;
}

/** How an option came to differ. */
export type Cause = 'asked' | 'selected' | 'default' | 'follows';

export interface Change {
  readonly name: string;
  readonly prompt?: string;
  /** As `.config` has them; undefined where the option is not there, or cannot be set. */
  readonly from?: string;
  readonly to?: string;
  readonly cause: Cause;
  /** Of the side where it is on, or of the second; undefined where an option is in one kernel only. */
  readonly reason?: Reason;
  /** Where dependencies decide: what of them does not hold on the side where it is off. */
  readonly unmet: readonly string[];
}

export interface MenuChanges {
  /** The menu's titles, outermost first; empty for what is in none. */
  readonly path: readonly string[];
  readonly changes: readonly Change[];
}

/** Compares two configurations; menus and options in the order of the second one's files. */
export function diff(first: Side, second: Side): MenuChanges[] {
  const menus = new Map<string, { path: readonly string[]; changes: Change[] }>();
  for (const { one, other } of pairs(first, second)) {
    const change = changeOf(first, second, one, other);
    if (change === undefined) continue;
    const path = pathOf((other ?? one)?.nodes[0]);
    const key = path.join('\n');
    const menu = menus.get(key);
    if (menu === undefined) menus.set(key, { path, changes: [change] });
    else menu.changes.push(change);
  }
  return [...menus.values()];
}

interface Pair {
  readonly one: ConfigSymbol | undefined;
  readonly other: ConfigSymbol | undefined;
}

function pairs(first: Side, second: Side): Pair[] {
  const [ours, theirs] = [first.values.space.byName, second.values.space.byName];
  const common = inOrder(second).map((other) => ({ one: ours.get(other.name), other }));
  const gone = inOrder(first).filter(({ name }) => !theirs.has(name));
  return [...common, ...gone.map((one) => ({ one, other: undefined }))];
}

/** Options in the order of the menus. */
function inOrder({ values }: Side): ConfigSymbol[] {
  const found = new Set<ConfigSymbol>();
  const visit = ({ symbol, children }: MenuNode): void => {
    if (symbol !== undefined && !symbol.isChoice) found.add(symbol);
    children.forEach(visit);
  };
  visit(values.space.root);
  return [...found];
}

function changeOf(first: Side, second: Side, one: Pair['one'], other: Pair['other']) {
  const from = one && shownValue(first.values, one);
  const to = other && shownValue(second.values, other);
  if ((from ?? 'n') === (to ?? 'n')) return undefined;
  const prompt = (other ?? one)?.prompts[0]?.text;
  const change: Change = {
    name: (other ?? one)?.name ?? '',
    ...(prompt === undefined ? {} : { prompt }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...causeOf(first, second, one, other),
  };
  return change;
}

/** The value as it would be written; undefined for a number or string that nothing gives a value. */
function shownValue(values: Values, symbol: ConfigSymbol): string | undefined {
  if (symbol.type === 'unknown') return undefined;
  if (symbol.type === 'bool' || symbol.type === 'tristate') return values.value(symbol);
  const given =
    values.visibility(symbol) > 0 ||
    symbol.defaults.some(({ condition }) => values.evaluate(condition) > 0);
  return given ? values.value(symbol) : undefined;
}

/** Of what was turned off the first side tells why it was on, unless the second takes its ground away. */
function causeOf(
  first: Side,
  second: Side,
  one: Pair['one'],
  other: Pair['other'],
): Pick<Change, 'cause' | 'reason' | 'unmet'> {
  const off = other === undefined || (shownValue(second.values, other) ?? 'n') === 'n';
  const unmet = other !== undefined && off ? unmetOf(second.values, other) : [];
  if (unmet.length > 0) return { cause: 'follows', reason: { kind: 'dependency' }, unmet };
  const [side, symbol] = off && one !== undefined ? [first, one] : [second, other];
  if (symbol === undefined) return { cause: 'follows', unmet };
  const reason = decisive(side, symbol);
  return { cause: causes[reason.kind], reason, unmet };
}

const causes: Readonly<Record<Reason['kind'], Cause>> = {
  user: 'asked',
  selected: 'selected',
  default: 'default',
  implied: 'follows',
  choice: 'follows',
  range: 'follows',
  dependency: 'follows',
  hidden: 'follows',
  unselected: 'follows',
  unasked: 'follows',
};

/** The decisive reason; what follows by itself was asked for by nobody. */
function decisive({ values, complete }: Side, symbol: ConfigSymbol): Reason {
  const [first = { kind: 'unasked' }, ...others] = reasonsOf(values, symbol);
  if (first.kind === 'choice' && first.byUser && !(complete && wouldFollow(values, symbol))) {
    return { kind: 'user' };
  }
  if (first.kind !== 'user' || !complete || !wouldFollow(values, symbol)) return first;
  return others[0] ?? followedReason(values, symbol);
}

function unmetOf(values: Values, symbol: ConfigSymbol): string[] {
  if (values.evaluate(symbol.dependency) > 0) return [];
  return unmetParts(needOf(symbol.dependency, values)).map(({ text }) => text);
}

/** The titles of the menus around an entry; the top menu's is everywhere, and left out. */
export function pathOf(node: MenuNode | undefined): string[] {
  const path: string[] = [];
  for (let place = node?.parent; place?.parent !== undefined; place = place.parent) {
    if (place.prompt !== undefined) path.unshift(place.prompt.text);
  }
  return path;
}
