/**
 * A space as two flat lists, of numbers and of texts, which are quick to keep and to read back: unpack.ts
 * makes the same space of them. Everything is put down in the order in which unpack.ts asks for it; lists
 * begin with their length, and what may be missing is its number plus one, or 0.
 *
 *     symbols      name, what it is
 *     expressions  kind, its parts; parts before the whole
 *     nodes        those of the menu tree, each before its children, then the blocks that dissolved
 *     prompts, choices
 *     seldom       what is only read when somebody asks for it: reverse dependencies, then of each
 *                  symbol its selects and implies, and of each node its help and what it asks for
 *     then of each node and each symbol the rest, with its place in `seldom`; last the space's own
 */

import type { Comparison, Position } from './ast.js';
import { item } from './items.js';
import type {
  Ask,
  ConfigSymbol,
  Default,
  Expression,
  MenuNode,
  Prompt,
  Range,
  Reverse,
  Space,
  SymbolType,
} from './model.js';

export interface Packed {
  readonly numbers: Int32Array;
  readonly texts: readonly string[];
}

/** Their places are what is kept of them. */
export const TYPES: readonly SymbolType[] = ['unknown', 'bool', 'tristate', 'int', 'hex', 'string'];
export const NODES = ['config', 'menuconfig', 'choice', 'menu', 'if', 'comment', 'root'] as const;
export const ORIGINS = ['depends', 'if', 'menu', 'choice', 'visible', 'prompt'] as const;
export const LOGICAL = ['symbol', 'not', 'and', 'or'] as const;
/** By number of a reverse dependency: its parts. */
export const REVERSE_SIZE = 6;
export const COMPARISONS: readonly Comparison[] = ['=', '!=', '<', '<=', '>', '>='];

/** What a symbol is besides its type, above it. */
export const CONSTANT = 8;
export const IS_CHOICE = 16;
export const TRANSITIONAL = 32;

/** Gives numbers to things in the order in which they are first met. */
class Numbering<T> {
  readonly all: T[] = [];
  private readonly known = new Map<T, number>();

  get(thing: T): number | undefined {
    return this.known.get(thing);
  }

  of(thing: T): number {
    let number = this.known.get(thing);
    if (number === undefined) {
      number = this.all.length;
      this.known.set(thing, number);
      this.all.push(thing);
    }
    return number;
  }
}

export function packSpace(space: Space): Packed {
  return new Packer(space).pack();
}

class Packer {
  private readonly numbers: number[] = [];
  private readonly texts = new Numbering<string>();
  private readonly expressions = new Numbering<Expression>();
  private readonly nodes = new Numbering<MenuNode>();
  private readonly prompts = new Numbering<Prompt>();
  private readonly reverses = new Numbering<Reverse>();

  constructor(private readonly space: Space) {}

  pack(): Packed {
    const { symbols } = this.space;
    this.gather();
    this.list(symbols, (symbol) => this.symbol(symbol));
    this.list(this.expressions.all, (expression) => this.expression(expression));
    this.list(this.nodes.all, (node) => this.node(node));
    this.list(this.prompts.all, (prompt) => this.prompt(prompt));
    this.list(this.space.choices, ({ symbol, members, optional, node }) => {
      this.numbers.push(symbol.index, optional ? 1 : 0, this.nodes.of(node));
      this.indexes(members);
    });
    const { links, details } = this.seldom();
    this.nodes.all.forEach((node, index) => this.references(node, item(details, index)));
    symbols.forEach((symbol, index) => this.properties(symbol, item(links, index)));
    this.rest();
    return { numbers: Int32Array.from(this.numbers), texts: this.texts.all };
  }

  /** Numbers everything that others refer to. */
  private gather(): void {
    const walk = (node: MenuNode): void => {
      this.nodes.of(node);
      node.children.forEach(walk);
    };
    walk(this.space.root);
    // Grows while it is walked, by the blocks that are no nodes of the tree.
    for (const node of this.nodes.all) {
      if (node.enclosing) this.nodes.of(node.enclosing);
      this.meet(node.dependency);
      this.meet(node.visibility);
      if (node.prompt) this.prompts.of(node.prompt);
      for (const { expression } of [...node.asks, ...node.shownIf]) this.meet(expression);
    }
    for (const symbol of this.space.symbols) {
      symbol.prompts.forEach((prompt) => this.prompts.of(prompt));
      for (const { value, condition } of symbol.defaults) {
        this.meet(value);
        this.meet(condition);
      }
      symbol.ranges.forEach(({ condition }) => this.meet(condition));
      for (const reverse of [...symbol.selects, ...symbol.implies]) {
        this.reverses.of(reverse);
        this.meet(reverse.condition);
      }
      this.meet(symbol.dependency);
      this.meet(symbol.directDependency);
      this.meet(symbol.selected);
      this.meet(symbol.implied);
    }
    this.prompts.all.forEach(({ condition }) => this.meet(condition));
  }

  /** Numbers an expression after its parts. */
  private meet(expression: Expression | undefined): void {
    const whole: Expression[] = [];
    let part = expression;
    // Some options are selected by a thousand others, one inside the other.
    while (part !== undefined && this.expressions.get(part) === undefined) {
      whole.push(part);
      part = part.kind === 'and' || part.kind === 'or' ? part.left : undefined;
    }
    for (let next = whole.pop(); next; next = whole.pop()) {
      if (next.kind === 'not') this.meet(next.of);
      else if (next.kind === 'and' || next.kind === 'or') this.meet(next.right);
      this.expressions.of(next);
    }
  }

  private list<T>(all: readonly T[], put: (each: T) => void): void {
    this.numbers.push(all.length);
    all.forEach(put);
  }

  private indexes(symbols: readonly ConfigSymbol[]): void {
    this.list(symbols, ({ index }) => this.numbers.push(index));
  }

  private position({ file, line }: Position): void {
    this.numbers.push(this.texts.of(file), line);
  }

  private optional(expression: Expression | undefined): number {
    return expression === undefined ? 0 : this.expressions.of(expression) + 1;
  }

  private symbol({ name, type, constant, isChoice, transitional }: ConfigSymbol): void {
    const flags =
      (constant ? CONSTANT : 0) | (isChoice ? IS_CHOICE : 0) | (transitional ? TRANSITIONAL : 0);
    this.numbers.push(this.texts.of(name), TYPES.indexOf(type) | flags);
  }

  private expression(expression: Expression): void {
    const { numbers, expressions } = this;
    switch (expression.kind) {
      case 'symbol':
        numbers.push(0, expression.symbol.index, 0);
        break;
      case 'not':
        numbers.push(1, expressions.of(expression.of), 0);
        break;
      case 'compare': {
        const { operator, left, right } = expression;
        numbers.push(LOGICAL.length + COMPARISONS.indexOf(operator), left.index, right.index);
        break;
      }
      default: {
        const { kind, left, right } = expression;
        numbers.push(LOGICAL.indexOf(kind), expressions.of(left), expressions.of(right));
      }
    }
  }

  private node({ kind, symbol, position }: MenuNode): void {
    this.numbers.push(NODES.indexOf(kind), symbol === undefined ? 0 : symbol.index + 1);
    this.position(position);
  }

  private prompt({ text, condition, node, position }: Prompt): void {
    this.numbers.push(this.texts.of(text));
    this.property(condition, node, position);
  }

  private property(condition: Expression, node: MenuNode, position: Position): void {
    this.numbers.push(this.expressions.of(condition), this.nodes.of(node));
    this.position(position);
  }

  private reverse({ by, target, condition, node, position }: Reverse): void {
    this.numbers.push(by.index, target.index);
    this.property(condition, node, position);
  }

  private ask({ origin, expression, position }: Ask): void {
    this.numbers.push(ORIGINS.indexOf(origin), this.expressions.of(expression));
    this.position(position);
  }

  /** @returns where each symbol's links are, and each node's details. */
  private seldom(): { links: number[]; details: number[] } {
    const { numbers } = this;
    const end = numbers.push(0) - 1;
    // All of one size, so that one is found by its number.
    this.reverses.all.forEach((reverse) => this.reverse(reverse));
    const links = this.space.symbols.map((symbol) => this.links(symbol));
    const details = this.nodes.all.map((node) => this.details(node));
    numbers[end] = numbers.length;
    return { links, details };
  }

  private links({ selects, implies, selectedBy, impliedBy }: ConfigSymbol): number {
    const { numbers, reverses } = this;
    const lists = [selects, implies, selectedBy, impliedBy];
    if (lists.every(({ length }) => length === 0)) return 0;
    const place = numbers.length;
    for (const list of lists) this.list(list, (each) => numbers.push(reverses.of(each)));
    return place;
  }

  private details({ helpPlace, asks, shownIf }: MenuNode): number {
    const { numbers } = this;
    if (helpPlace === undefined && asks.length === 0 && shownIf.length === 0) return 0;
    const place = numbers.length;
    numbers.push(helpPlace === undefined ? 0 : this.texts.of(helpPlace.file) + 1);
    numbers.push(helpPlace === undefined ? 0 : helpPlace.start);
    this.list(asks, (ask) => this.ask(ask));
    this.list(shownIf, (ask) => this.ask(ask));
    return place;
  }

  private references(node: MenuNode, details: number): void {
    const { numbers, nodes, prompts } = this;
    const { prompt, parent, enclosing } = node;
    numbers.push(details, this.optional(node.dependency), this.optional(node.visibility));
    numbers.push(prompt === undefined ? 0 : prompts.of(prompt) + 1);
    numbers.push(parent === undefined ? 0 : nodes.of(parent) + 1);
    numbers.push(enclosing === undefined ? 0 : nodes.of(enclosing) + 1);
    this.list(node.children, (child) => numbers.push(nodes.of(child)));
  }

  private properties(symbol: ConfigSymbol, links: number): void {
    const { numbers } = this;
    const { choice, ownChoice } = symbol;
    const { choices } = this.space;
    numbers.push(links, this.expressions.of(symbol.dependency));
    numbers.push(this.optional(symbol.directDependency));
    numbers.push(this.optional(symbol.selected), this.optional(symbol.implied));
    numbers.push(choice === undefined ? 0 : choices.indexOf(choice) + 1);
    numbers.push(ownChoice === undefined ? 0 : choices.indexOf(ownChoice) + 1);
    this.list(symbol.nodes, (node) => numbers.push(this.nodes.of(node)));
    this.list(symbol.prompts, (prompt) => numbers.push(this.prompts.of(prompt)));
    this.list(symbol.defaults, (each) => this.default(each));
    this.list(symbol.ranges, (each) => this.range(each));
  }

  private default({ value, condition, node, position }: Default): void {
    this.numbers.push(this.expressions.of(value));
    this.property(condition, node, position);
  }

  private range({ low, high, condition, node, position }: Range): void {
    this.numbers.push(low.index, high.index);
    this.property(condition, node, position);
  }

  private rest(): void {
    const { numbers, texts } = this;
    const { title, dialect, modules, yes, module, no, byName, hashed, messages } = this.space;
    numbers.push(texts.of(title), texts.of(dialect));
    numbers.push(modules === undefined ? 0 : modules.index + 1, yes.index, module.index, no.index);
    this.indexes([...byName.values()]);
    this.indexes(hashed);
    this.list(messages, ({ stream, text }) => numbers.push(texts.of(stream), texts.of(text)));
  }
}
