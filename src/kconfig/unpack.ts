/** A space out of the lists that pack.ts made of it. What does not fit is an error, and no space. */

import type { Position } from './ast.js';
import { item } from './items.js';
import type {
  Ask,
  Choice,
  ConfigSymbol,
  Default,
  Expression,
  HelpPlace,
  MenuNode,
  Output,
  Prompt,
  Range,
  Reverse,
  Space,
  SymbolType,
} from './model.js';
import {
  COMPARISONS,
  CONSTANT,
  IS_CHOICE,
  LOGICAL,
  NODES,
  ORIGINS,
  REVERSE_SIZE,
  TRANSITIONAL,
  TYPES,
  type Packed,
} from './pack.js';

/** Finds a help text in the tree it was read from; undefined where it is gone. */
export type ReadHelp = (place: HelpPlace) => string | undefined;

/** @throws RangeError where the lists are not those of a space */
export function unpackSpace(packed: Packed, readHelp: ReadHelp): Space {
  return new Unpacker(packed, readHelp).unpack();
}

const NONE: readonly never[] = [];

/** Of a symbol, what only some ask for. */
type Links = Pick<ConfigSymbol, 'selects' | 'implies' | 'selectedBy' | 'impliedBy'>;
const NO_LINKS: Links = { selects: NONE, implies: NONE, selectedBy: NONE, impliedBy: NONE };

/** Of a node, what only explanations ask for. */
type Details = Pick<MenuNode, 'helpPlace' | 'asks' | 'shownIf'>;
const NO_DETAILS: Details = { asks: NONE, shownIf: NONE };

class UnpackedSymbol implements ConfigSymbol {
  nodes: readonly MenuNode[] = NONE;
  prompts: readonly Prompt[] = NONE;
  defaults: readonly Default[] = NONE;
  ranges: readonly Range[] = NONE;
  choice: Choice | undefined;
  ownChoice: Choice | undefined;
  dependency!: Expression;
  directDependency: Expression | undefined;
  selected: Expression | undefined;
  implied: Expression | undefined;
  /** Read when first asked for. */
  links: Links | undefined;
  place = 0;

  constructor(
    private readonly from: Unpacker,
    readonly index: number,
    readonly name: string,
    readonly type: SymbolType,
    readonly constant: boolean,
    readonly isChoice: boolean,
    readonly transitional: boolean,
  ) {}

  private get linked(): Links {
    return (this.links ??= this.from.linksAt(this.place));
  }

  get selects(): readonly Reverse[] {
    return this.linked.selects;
  }

  get implies(): readonly Reverse[] {
    return this.linked.implies;
  }

  get selectedBy(): readonly Reverse[] {
    return this.linked.selectedBy;
  }

  get impliedBy(): readonly Reverse[] {
    return this.linked.impliedBy;
  }
}

class UnpackedNode implements MenuNode {
  dependency!: Expression;
  visibility: Expression | undefined;
  prompt: Prompt | undefined;
  parent: UnpackedNode | undefined;
  enclosing: UnpackedNode | undefined;
  children: readonly UnpackedNode[] = NONE;
  place = 0;

  constructor(
    private readonly from: Unpacker,
    readonly kind: MenuNode['kind'],
    readonly symbol: UnpackedSymbol | undefined,
    readonly position: Position,
  ) {}

  get helpPlace(): HelpPlace | undefined {
    return this.from.detailsAt(this.place).helpPlace;
  }

  get help(): string | undefined {
    const { helpPlace } = this;
    return helpPlace && this.from.readHelp(helpPlace);
  }

  get asks(): readonly Ask[] {
    return this.from.detailsAt(this.place).asks;
  }

  get shownIf(): readonly Ask[] {
    return this.from.detailsAt(this.place).shownIf;
  }
}

class Unpacker {
  private next = 0;
  private readonly numbers: Int32Array;
  private readonly texts: readonly string[];
  private symbols: readonly UnpackedSymbol[] = [];
  private readonly expressions: Expression[] = [];
  private nodes: readonly UnpackedNode[] = [];
  private prompts: readonly Prompt[] = [];
  private readonly reverses: Reverse[] = [];
  private reversesStart = 0;
  private choices: readonly Choice[] = [];

  constructor(
    packed: Packed,
    readonly readHelp: ReadHelp,
  ) {
    this.numbers = packed.numbers;
    this.texts = packed.texts;
  }

  unpack(): Space {
    this.symbols = this.list((index) => this.symbol(index));
    // Those before are parts of those after.
    const count = this.number();
    for (let index = 0; index < count; index++) this.expressions.push(this.expression());
    this.nodes = this.list(() => this.node());
    this.prompts = this.list(() => this.prompt());
    this.choices = this.list(() => this.choice());
    const end = this.number();
    this.reversesStart = this.next;
    this.next = end;
    for (const node of this.nodes) this.references(node);
    for (const symbol of this.symbols) this.properties(symbol);
    const space = this.rest();
    if (this.next !== this.numbers.length) throw new RangeError('too many numbers');
    return space;
  }

  linksAt(place: number): Links {
    if (place === 0) return NO_LINKS;
    this.next = place;
    const [selects, implies, selectedBy, impliedBy] = [0, 1, 2, 3].map(() =>
      this.list(() => this.number()),
    );
    const reverses = (list: readonly number[] = NONE) => list.map((index) => this.reverseOf(index));
    return {
      selects: reverses(selects),
      implies: reverses(implies),
      selectedBy: reverses(selectedBy),
      impliedBy: reverses(impliedBy),
    };
  }

  detailsAt(place: number): Details {
    if (place === 0) return NO_DETAILS;
    this.next = place;
    const file = this.optional(this.texts);
    const start = this.number();
    return {
      ...(file !== undefined && { helpPlace: { file, start } }),
      asks: this.list(this.ask),
      shownIf: this.list(this.ask),
    };
  }

  /** One object a number: it is listed with both its ends. */
  private reverseOf(index: number): Reverse {
    let reverse = this.reverses[index];
    if (reverse === undefined) {
      this.next = this.reversesStart + index * REVERSE_SIZE;
      reverse = this.reverse();
      this.reverses[index] = reverse;
    }
    return reverse;
  }

  private number(): number {
    const number = this.numbers[this.next++];
    if (number === undefined) throw new RangeError('too few numbers');
    return number;
  }

  private list<T>(read: (index: number) => T): readonly T[] {
    const count = this.number();
    if (count === 0) return NONE;
    if (count < 0 || count > this.numbers.length) throw new RangeError(`no length: ${count}`);
    const all = new Array<T>(count);
    for (let index = 0; index < count; index++) all[index] = read(index);
    return all;
  }

  /** The one of these that the next number says. */
  private of<T>(all: readonly T[]): T {
    const found = all[this.number()];
    if (found === undefined) throw new RangeError('there is nothing of that number');
    return found;
  }

  private optional<T>(all: readonly T[]): T | undefined {
    const number = this.number();
    if (number === 0) return undefined;
    const found = all[number - 1];
    if (found === undefined) throw new RangeError('there is nothing of that number');
    return found;
  }

  private readonly symbolOf = (): UnpackedSymbol => this.of(this.symbols);
  private readonly ask = (): Ask => ({
    origin: this.of(ORIGINS),
    expression: this.of(this.expressions),
    position: this.position(),
  });

  private position(): Position {
    return { file: this.of(this.texts), line: this.number() };
  }

  private symbol(index: number): UnpackedSymbol {
    const name = this.of(this.texts);
    const flags = this.number();
    return new UnpackedSymbol(
      this,
      index,
      name,
      TYPES[flags % CONSTANT] ?? 'unknown',
      (flags & CONSTANT) !== 0,
      (flags & IS_CHOICE) !== 0,
      (flags & TRANSITIONAL) !== 0,
    );
  }

  private expression(): Expression {
    const code = this.number();
    switch (LOGICAL[code]) {
      case 'symbol': {
        const symbol = this.of(this.symbols);
        this.next++;
        return { kind: 'symbol', symbol };
      }
      case 'not': {
        const of = this.of(this.expressions);
        this.next++;
        return { kind: 'not', of };
      }
      case 'and':
        return { kind: 'and', left: this.of(this.expressions), right: this.of(this.expressions) };
      case 'or':
        return { kind: 'or', left: this.of(this.expressions), right: this.of(this.expressions) };
      default: {
        const operator = item(COMPARISONS, code - LOGICAL.length);
        const left = this.of(this.symbols);
        return { kind: 'compare', operator, left, right: this.of(this.symbols) };
      }
    }
  }

  private node(): UnpackedNode {
    const kind = this.of(NODES);
    const symbol = this.optional(this.symbols);
    return new UnpackedNode(this, kind, symbol, this.position());
  }

  private prompt(): Prompt {
    return {
      text: this.of(this.texts),
      condition: this.of(this.expressions),
      node: this.of(this.nodes),
      position: this.position(),
    };
  }

  private reverse(): Reverse {
    return {
      by: this.of(this.symbols),
      target: this.of(this.symbols),
      condition: this.of(this.expressions),
      node: this.of(this.nodes),
      position: this.position(),
    };
  }

  private choice(): Choice {
    const symbol = this.of(this.symbols);
    const optional = this.number() === 1;
    const node = this.of(this.nodes);
    return { symbol, optional, node, members: this.list(this.symbolOf) };
  }

  private references(node: UnpackedNode): void {
    node.place = this.number();
    const dependency = this.optional(this.expressions);
    if (dependency) node.dependency = dependency;
    node.visibility = this.optional(this.expressions);
    node.prompt = this.optional(this.prompts);
    node.parent = this.optional(this.nodes);
    node.enclosing = this.optional(this.nodes);
    node.children = this.list(this.nodeOf);
  }

  private readonly nodeOf = (): UnpackedNode => this.of(this.nodes);
  private readonly promptOf = (): Prompt => this.of(this.prompts);

  private properties(symbol: UnpackedSymbol): void {
    symbol.place = this.number();
    symbol.dependency = this.of(this.expressions);
    symbol.directDependency = this.optional(this.expressions);
    symbol.selected = this.optional(this.expressions);
    symbol.implied = this.optional(this.expressions);
    symbol.choice = this.optional(this.choices);
    symbol.ownChoice = this.optional(this.choices);
    symbol.nodes = this.list(this.nodeOf);
    symbol.prompts = this.list(this.promptOf);
    symbol.defaults = this.list(this.default);
    symbol.ranges = this.list(this.range);
  }

  private readonly default = (): Default => ({
    value: this.of(this.expressions),
    condition: this.of(this.expressions),
    node: this.of(this.nodes),
    position: this.position(),
  });

  private readonly range = (): Range => ({
    low: this.of(this.symbols),
    high: this.of(this.symbols),
    condition: this.of(this.expressions),
    node: this.of(this.nodes),
    position: this.position(),
  });

  private readonly message = (): Output => ({
    stream: this.of(this.texts) === 'stdout' ? 'stdout' : 'stderr',
    text: this.of(this.texts),
  });

  private rest(): Space {
    const title = this.of(this.texts);
    const dialect = this.of(this.texts) === '6.1' ? '6.1' : '6.12';
    const modules = this.optional(this.symbols);
    const [yes, module, no] = [this.symbolOf(), this.symbolOf(), this.symbolOf()];
    const named = this.list(this.symbolOf);
    return {
      title,
      root: item(this.nodes, 0),
      byName: new Map(named.map((symbol) => [symbol.name, symbol])),
      dialect,
      symbols: this.symbols,
      hashed: this.list(this.symbolOf),
      messages: this.list(this.message),
      choices: this.choices,
      ...(modules && { modules }),
      yes,
      module,
      no,
    };
  }
}
