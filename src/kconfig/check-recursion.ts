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
  /** By symbol: whether it is on the path, and whether it was ever looked at. */
  private readonly open: Uint8Array;
  private readonly done: Uint8Array;
  /** Expressions in which nothing was found; all their symbols are done. */
  private readonly clean: Uint8Array;

  constructor(
    private readonly dialect: Dialect,
    /** All symbols, by their index. */
    private readonly symbols: readonly DraftSymbol[],
    expressions: number,
    private readonly report: (text: string) => void,
  ) {
    this.open = new Uint8Array(symbols.length);
    this.done = new Uint8Array(symbols.length);
    this.clean = new Uint8Array(expressions);
  }

  /** @returns the symbol at which a circle closed, which was then reported */
  check(symbol: DraftSymbol): DraftSymbol | undefined {
    if (this.open[symbol.index] === 1) {
      this.print(symbol);
      return symbol;
    }
    if (this.done[symbol.index] === 1) return undefined;
    const choice = this.choiceOf(symbol);
    if (choice !== undefined) return this.within(symbol, () => this.check(choice));
    if (symbol.isChoice) return this.checkChoice(symbol);
    this.start(symbol);
    const found = this.checkOne(symbol);
    this.open[symbol.index] = 0;
    return found;
  }

  private start(symbol: DraftSymbol): void {
    this.open[symbol.index] = 1;
    this.done[symbol.index] = 1;
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
      this.open[choice.index] = 0;
      for (const member of members) found ??= this.checkOne(member);
      for (const member of members) this.open[member.index] = 0;
      return found !== undefined && this.choiceOf(found) === choice ? choice : found;
    });
  }

  private checkOne(symbol: DraftSymbol): DraftSymbol | undefined {
    const step: Step = { symbol, way: 'direct', property: undefined };
    this.path.push(step);
    const found = this.checkDependencies(symbol, step) ?? this.checkProperties(symbol, step);
    this.path.pop();
    return found;
  }

  private checkDependencies(symbol: DraftSymbol, step: Step): DraftSymbol | undefined {
    let found = this.checkExpression(symbol.directDependency);
    if (found) return found;
    step.way = 'selected';
    found = this.checkExpression(symbol.selected);
    if (found) return found;
    step.way = 'implied';
    return this.checkExpression(symbol.implied);
  }

  private checkProperties(symbol: DraftSymbol, step: Step): DraftSymbol | undefined {
    for (const property of symbol.properties) {
      const { kind, condition } = property;
      if (kind === 'select' || kind === 'imply' || kind === 'choice') continue;
      step.way = 'visible';
      step.property = property;
      const found = this.checkExpression(condition);
      if (found) return found;
      if (kind !== 'default' || symbol.isChoice) continue;
      step.way = 'value';
      const inValue = this.checkExpression(property.value);
      if (inValue) return inValue;
    }
    return undefined;
  }

  private checkExpression(expression: Interned | undefined): DraftSymbol | undefined {
    if (expression === undefined || this.clean[expression.id] === 1) return undefined;
    // A loop, since some options are selected by a thousand others, one inside the other.
    const open: Interned[] = [expression];
    for (let part = open.pop(); part; part = open.pop()) {
      if (this.clean[part.id] === 1) continue;
      if (part.kind === 'and' || part.kind === 'or') {
        open.push(part.right, part.left);
        continue;
      }
      const found = this.checkSimple(part);
      if (found) return found;
      this.clean[part.id] = 1;
    }
    this.clean[expression.id] = 1;
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
