/**
 * The space while it is being built: the model's objects, still to be filled. Only the modules that
 * build it (build.ts, finalize.ts, resolve.ts) know these; everyone else reads them as the model.
 */

import type { AstProperty, Position } from './ast.js';
import type { Interned } from './expressions.js';
import { item } from './items.js';
import type {
  Ask,
  Choice,
  ConfigSymbol,
  Default,
  Dialect,
  HelpPlace,
  MenuNode,
  Prompt,
  Range,
  Reverse,
  SymbolType,
} from './model.js';

/** Most symbols have few kinds of properties, most nodes no children: they share this. */
const NONE: readonly never[] = [];

/** One property of a symbol's definition, or the text of a menu or comment. */
export type DraftProperty = {
  readonly node: DraftNode;
  readonly position: Position;
  condition: Interned | undefined;
} & (
  | DraftText
  | { readonly kind: 'default'; readonly value: Interned }
  | {
      readonly kind: 'select' | 'imply';
      readonly by: DraftSymbol;
      readonly target: DraftSymbol;
    }
  | { readonly kind: 'range'; readonly low: DraftSymbol; readonly high: DraftSymbol }
  // 6.1 only: that it is defined here, and that it is a choice or a member of one.
  | { readonly kind: 'symbol' | 'choice' }
);

interface DraftText {
  readonly kind: 'prompt';
  readonly text: string;
  /** It was given to a `menuconfig`. */
  menu: boolean;
}

export type DraftPrompt = DraftProperty & DraftText;

export class DraftSymbol implements ConfigSymbol {
  type: SymbolType = 'unknown';
  readonly nodes: DraftNode[] = [];
  prompts: readonly Prompt[] = NONE;
  defaults: readonly Default[] = NONE;
  selects: readonly Reverse[] = NONE;
  implies: readonly Reverse[] = NONE;
  ranges: readonly Range[] = NONE;
  selectedBy: readonly Reverse[] = NONE;
  impliedBy: readonly Reverse[] = NONE;
  /** In the order in which they were written. */
  properties: DraftProperty[] = [];
  choice: Choice | undefined;
  ownChoice: Choice | undefined;
  dependency!: Interned;
  directDependency: Interned | undefined;
  selected: Interned | undefined;
  implied: Interned | undefined;
  transitional = false;
  /** Of a choice: none of its members need be chosen. */
  optional = false;
  /** A member of which choice, while it is being built. */
  memberOf: DraftSymbol | undefined;
  /** Of a choice: its members, each once. */
  readonly members: DraftSymbol[];
  checked = false;

  constructor(
    readonly index: number,
    readonly name: string,
    readonly constant: boolean,
    readonly isChoice: boolean,
  ) {
    this.members = isChoice ? [] : (NONE as never[]);
  }
}

/** Siblings are linked, since finalising moves them about while it walks over them. */
export class DraftNode implements MenuNode {
  parent: DraftNode | undefined;
  first: DraftNode | undefined;
  /** The last child while they are added; not kept up afterwards. */
  last: DraftNode | undefined;
  next: DraftNode | undefined;
  prompt: Prompt | undefined;
  /** What it will become; the model's prompt is made of it at the end. */
  draftPrompt: DraftPrompt | undefined;
  dependency!: Interned;

  draftDependency: Interned | undefined;
  visibility: Interned | undefined;
  /** Where its help is written; few ever read it. */
  helpProperty: (AstProperty & { kind: 'help' }) | undefined;
  children: readonly DraftNode[] = NONE;
  asks: readonly Ask[] = NONE;
  shownIf: readonly Ask[] = NONE;

  constructor(
    readonly kind: MenuNode['kind'],
    readonly position: Position,
    readonly symbol: DraftSymbol | undefined,
    readonly enclosing: DraftNode | undefined,
  ) {}

  get help(): string | undefined {
    return this.helpProperty?.text;
  }

  get helpPlace(): HelpPlace | undefined {
    const { helpProperty: help } = this;
    return help && { file: help.position.file, start: help.start };
  }
}

/** The kernel's hash of a symbol's name (FNV-1a), over its bytes, which are signed. */
function hash(name: string): number {
  let value = 2166136261;
  for (let at = 0; at < name.length; at++) {
    const byte = name.charCodeAt(at);
    if (byte > 127) return hashOfBytes(name);
    value = Math.imul(value ^ byte, 0x01000193);
  }
  return value >>> 0;
}

function hashOfBytes(name: string): number {
  let value = 2166136261;
  for (const byte of new Int8Array(Buffer.from(name))) {
    value = Math.imul(value ^ byte, 0x01000193);
  }
  return value >>> 0;
}

const BUCKETS: Readonly<Record<Dialect, number>> = { '6.1': 9973, '6.12': 2 ** 14 };

/** All symbols, each made at its first mention, as the order of the kernel's hash table demands. */
export class SymbolTable {
  readonly symbols: DraftSymbol[] = [];
  readonly yes = this.builtIn('y');
  readonly module = this.builtIn('m');
  readonly no = this.builtIn('n');
  private readonly options = new Map<string, DraftSymbol>();
  private readonly constants = new Map<string, DraftSymbol>();
  private readonly namedChoices = new Map<string, DraftSymbol>();

  private builtIn(name: string): DraftSymbol {
    const symbol = this.add(name, true, false);
    symbol.type = 'tristate';
    return symbol;
  }

  private add(name: string, constant: boolean, isChoice: boolean): DraftSymbol {
    const symbol = new DraftSymbol(this.symbols.length, name, constant, isChoice);
    this.symbols.push(symbol);
    return symbol;
  }

  private tristate(name: string): DraftSymbol | undefined {
    if (name === 'y') return this.yes;
    if (name === 'm') return this.module;
    return name === 'n' ? this.no : undefined;
  }

  /** The option of that name. */
  option(name: string): DraftSymbol {
    return this.tristate(name) ?? this.made(this.options, name, false, false);
  }

  /** What was written in quotes. */
  constant(value: string): DraftSymbol {
    return this.tristate(value) ?? this.made(this.constants, value, true, false);
  }

  /** A choice; those of one name are one. */
  choice(name: string | undefined): DraftSymbol {
    return name === undefined
      ? this.add('', false, true)
      : (this.tristate(name) ?? this.made(this.namedChoices, name, false, true));
  }

  private made(
    known: Map<string, DraftSymbol>,
    name: string,
    constant: boolean,
    isChoice: boolean,
  ): DraftSymbol {
    let symbol = known.get(name);
    if (symbol === undefined) {
      symbol = this.add(name, constant, isChoice);
      known.set(name, symbol);
    }
    return symbol;
  }

  /** All but y, m and n: bucket by bucket, and in each the latest first. */
  hashed(dialect: Dialect): DraftSymbol[] {
    const buckets = BUCKETS[dialect];
    const count = this.symbols.length;
    const keys = new Float64Array(count - 3);
    for (let index = 3; index < count; index++) {
      const { name } = item(this.symbols, index);
      const bucket = name === '' && item(this.symbols, index).isChoice ? 0 : hash(name) % buckets;
      keys[index - 3] = bucket * count + (count - 1 - index);
    }
    keys.sort();
    return Array.from(keys, (key) => item(this.symbols, count - 1 - (key % count)));
  }

  /** Options and named choices; of two with one name the later, as the hash table finds it. */
  byName(): ReadonlyMap<string, DraftSymbol> {
    const all = new Map(this.options);
    for (const [name, choice] of this.namedChoices) {
      if ((all.get(name)?.index ?? -1) < choice.index) all.set(name, choice);
    }
    return all;
  }
}
