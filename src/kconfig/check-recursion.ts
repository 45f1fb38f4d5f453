/**
 * Finds symbols that depend on themselves, by whatever way, and tells the way as the kernel's programs
 * do. Members of a choice are looked at together with it: among them any dependency is a circle.
 */

import type { DraftProperty, DraftSymbol } from './drafts.js';
import { at } from './errors.js';
import type { Interned } from './expressions.js';
import type { ConfigSymbol, Dialect } from './model.js';
import { item } from './items.js';

/** What of a symbol is being followed. */
type Way = 'direct' | 'selected' | 'implied' | 'value' | 'visible';

interface Step {
  readonly symbol: DraftSymbol;
  way: Way;
  property: DraftProperty | undefined;
}

const RESOLUTION =
  'For a resolution refer to Documentation/kbuild/kconfig-language.rst\n' +
  'subsection "Kconfig recursive dependency limitations"\n';

export class RecursionCheck {
  private readonly path: Step[] = [];
  private readonly open = new Set<DraftSymbol>();
  private readonly done = new Set<DraftSymbol>();
  /** Expressions in which nothing was found; all their symbols are done. */
  private readonly clean = new Set<number>();

  constructor(
    private readonly dialect: Dialect,
    /** All symbols, by their index. */
    private readonly symbols: readonly DraftSymbol[],
    private readonly report: (text: string) => void,
  ) {}

  /** @returns the symbol at which a circle closed, which was then reported */
  check(symbol: DraftSymbol): DraftSymbol | undefined {
    if (this.open.has(symbol)) {
      this.print(symbol);
      return symbol;
    }
    if (this.done.has(symbol)) return undefined;
    const choice = this.choiceOf(symbol);
    if (choice !== undefined) return this.within(symbol, () => this.check(choice));
    if (symbol.isChoice) return this.checkChoice(symbol);
    this.start(symbol);
    const found = this.checkOne(symbol);
    this.open.delete(symbol);
    return found;
  }

  private start(symbol: DraftSymbol): void {
    this.open.add(symbol);
    this.done.add(symbol);
  }

  private within<T>(symbol: DraftSymbol, action: (step: Step) => T): T {
    const step: Step = { symbol, way: 'visible', property: undefined };
    this.path.push(step);
    const result = action(step);
    this.path.pop();
    return result;
  }

  private checkChoice(choice: DraftSymbol): DraftSymbol | undefined {
    return this.within(choice, () => {
      const { members } = choice;
      for (const member of members) this.start(member);
      this.start(choice);
      let found = this.checkOne(choice);
      this.open.delete(choice);
      for (const member of members) found ??= this.checkOne(member);
      for (const member of members) this.open.delete(member);
      return found !== undefined && this.choiceOf(found) === choice ? choice : found;
    });
  }

  private checkOne(symbol: DraftSymbol): DraftSymbol | undefined {
    return this.within(symbol, (step) => {
      for (const [way, expression] of [
        ['direct', symbol.directDependency],
        ['selected', symbol.selected],
        ['implied', symbol.implied],
      ] as const) {
        step.way = way;
        const found = this.checkExpression(expression);
        if (found) return found;
      }
      step.way = 'visible';
      for (const property of symbol.properties) {
        if (['select', 'imply', 'choice'].includes(property.kind)) continue;
        step.property = property;
        const found = this.checkExpression(property.condition);
        if (found) return found;
        if (property.kind !== 'default' || symbol.isChoice) continue;
        step.way = 'value';
        const inValue = this.checkExpression(property.value);
        if (inValue) return inValue;
        step.way = 'visible';
      }
      return undefined;
    });
  }

  private checkExpression(expression: Interned | undefined): DraftSymbol | undefined {
    if (expression === undefined) return undefined;
    // A loop, since some options are selected by a thousand others, one inside the other.
    const open: Interned[] = [expression];
    for (let part = open.pop(); part; part = open.pop()) {
      if (this.clean.has(part.id)) continue;
      if (part.kind === 'and' || part.kind === 'or') {
        open.push(part.right, part.left);
        continue;
      }
      const found = this.checkSimple(part);
      if (found) return found;
      this.clean.add(part.id);
    }
    this.clean.add(expression.id);
    return undefined;
  }

  private checkSimple(expression: Interned): DraftSymbol | undefined {
    switch (expression.kind) {
      case 'symbol':
        return this.check(this.draft(expression.symbol));
      case 'compare':
        return this.check(this.draft(expression.left)) ?? this.check(this.draft(expression.right));
      case 'not':
        return this.checkExpression(expression.of);
      default:
        return this.checkExpression(expression);
    }
  }

  private draft({ index }: ConfigSymbol): DraftSymbol {
    return item(this.symbols, index);
  }

  private choiceOf({ choice }: DraftSymbol): DraftSymbol | undefined {
    return choice && this.draft(choice.symbol);
  }

  private print(closing: DraftSymbol): void {
    const choice = this.choiceOf(closing);
    const path: Step[] = [...this.path];
    if (choice) path.push({ symbol: closing, way: 'visible', property: undefined });
    const last = choice ?? closing;
    const start = path.findLastIndex((step) => step.symbol === last);
    if (start < 0) {
      this.report('unexpected recursive dependency error');
      return;
    }
    const lines = path.slice(start).map((step, index, rest) => {
      const next = rest[index + 1]?.symbol ?? last;
      return this.dialect === '6.1' ? stepWithPlace(step, next, index === 0) : stepLine(step, next);
    });
    if (this.dialect === '6.12') lines.unshift('error: recursive dependency detected!');
    this.report(`${lines.join('\n')}\n${RESOLUTION}`);
  }
}

function nameOf(symbol: DraftSymbol): string {
  return symbol.name === '' ? '<choice>' : symbol.name;
}

function propertyName(property: DraftProperty | undefined): string {
  if (property === undefined) return 'unknown';
  return property.kind === 'prompt' && property.menu ? 'menu' : property.kind;
}

function relation(step: Step, next: DraftSymbol): string {
  const name = nameOf(step.symbol);
  switch (step.way) {
    case 'direct':
      return `symbol ${name} depends on ${nameOf(next)}`;
    case 'selected':
      return `symbol ${name} is selected by ${nameOf(next)}`;
    case 'implied':
      return `symbol ${name} is implied by ${nameOf(next)}`;
    case 'value':
      return `symbol ${name} ${propertyName(step.property)} value contains ${nameOf(next)}`;
    case 'visible':
      return `symbol ${name} ${propertyName(step.property)} is visible depending on ${nameOf(next)}`;
  }
}

function stepLine(step: Step, next: DraftSymbol): string {
  if (!next.isChoice) return `\t${relation(step, next)}`;
  const place = at(item(next.nodes, 0).position);
  return `\tsymbol ${nameOf(step.symbol)} is part of choice block at ${place}`;
}

/** 6.1 says of each step where the property was written, or else the symbol. */
function stepWithPlace(step: Step, next: DraftSymbol, first: boolean): string {
  const { symbol } = step;
  const inChoice = symbol.isChoice || symbol.choice !== undefined;
  const property = inChoice ? symbol.properties[0] : (step.property ?? symbol.properties[0]);
  const place = property ? at(property.position) : '';
  const node = inChoice && property ? at(property.node.position) : place;
  const line = symbol.isChoice
    ? `${node}:\tchoice ${nameOf(symbol)} contains symbol ${nameOf(next)}`
    : symbol.choice !== undefined
      ? `${node}:\tsymbol ${nameOf(symbol)} is part of choice ${nameOf(next)}`
      : `${place}:\t${relation({ ...step, property }, next)}`;
  return first ? `${place}:error: recursive dependency detected!\n${line}` : line;
}
