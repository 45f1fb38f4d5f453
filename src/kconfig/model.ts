/**
 * Linux's configuration space, resolved: symbols, choices and the menu tree, with every dependency of
 * an enclosing menu, `if` and choice already in place. It never changes once built; what a user sets
 * and what follows from it is a `Configuration` (configuration.ts).
 */

import type { Comparison, Position, Tristate } from './ast.js';

/**
 * Whose rules hold: up to 6.10 the kernel's programs knew tristate, named and optional choices; later
 * ones know only choices between bools, and remember in which order the user decided on them.
 */
export type Dialect = '6.1' | '6.12';

export type SymbolType = 'unknown' | 'bool' | 'tristate' | 'int' | 'hex' | 'string';

/** An expression over symbols. Constants are symbols too (`ConfigSymbol.constant`), as in the language. */
export type Expression =
  | { readonly kind: 'symbol'; readonly symbol: ConfigSymbol }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: ConfigSymbol;
      readonly right: ConfigSymbol;
    };

/** A named option, or a constant. Names that are used and never defined are here too, of type unknown. */
export interface ConfigSymbol {
  /** Dense, from 0: the place of its values in a `Configuration`'s arrays. */
  readonly index: number;
  readonly name: string;
  /** Quoted, or y, m, n: its value is its name. */
  readonly constant: boolean;
  readonly type: SymbolType;
  /** Its places in the menu tree, in the order of the files; empty where it is not defined. */
  readonly nodes: readonly MenuNode[];
  readonly prompts: readonly Prompt[];
  readonly defaults: readonly Default[];
  readonly selects: readonly Reverse[];
  readonly implies: readonly Reverse[];
  readonly ranges: readonly Range[];
  /** The choice it is a member of. */
  readonly choice?: Choice | undefined;
  /** What `depends on`, `if`, menus and choices ask of it, any of its definitions. */
  readonly dependency: Expression;
  /**
   * The same as the kernel's programs compare it with `selected`; undefined, which is y, for members of
   * choices, whose menu entries ask for it all.
   */
  readonly directDependency?: Expression | undefined;
  /** All of `selectedBy` and of `impliedBy` in one, as the kernel's programs evaluate and print them. */
  readonly selected?: Expression | undefined;
  readonly implied?: Expression | undefined;
  /** It stands for a choice, not for an option: for this one. */
  readonly isChoice: boolean;
  readonly ownChoice?: Choice | undefined;
  /** Who selects it, who implies it; empty where nobody does. */
  readonly selectedBy: readonly Reverse[];
  readonly impliedBy: readonly Reverse[];
  /** Read from an old `.config`, never written (newer kernels). */
  readonly transitional: boolean;
}

/** Each carries its whole condition: its own `if` and the dependencies of its definition. */
export interface Prompt {
  readonly text: string;
  readonly condition: Expression;
  readonly node: MenuNode;
  readonly position: Position;
}

export interface Default {
  readonly value: Expression;
  readonly condition: Expression;
  readonly node: MenuNode;
  readonly position: Position;
}

export interface Reverse {
  /** The one that selects or implies. */
  readonly by: ConfigSymbol;
  readonly target: ConfigSymbol;
  readonly condition: Expression;
  readonly node: MenuNode;
  readonly position: Position;
}

export interface Range {
  readonly low: ConfigSymbol;
  readonly high: ConfigSymbol;
  readonly condition: Expression;
  readonly node: MenuNode;
  readonly position: Position;
}

/** One of its members is y where the choice is visible. 6.1's may be tristate, named and optional. */
export interface Choice {
  readonly symbol: ConfigSymbol; // the choice's own, nameless ('') unless named
  readonly members: readonly ConfigSymbol[];
  readonly optional: boolean;
  readonly node: MenuNode;
}

/** A condition as it stands in the files, before it is joined with others. */
export interface Ask {
  /** `visible` is a menu's `visible if`, `prompt` the condition of the prompt itself. */
  readonly origin: 'depends' | 'if' | 'menu' | 'choice' | 'visible' | 'prompt';
  readonly expression: Expression;
  readonly position: Position;
}

export interface MenuNode {
  readonly kind: 'config' | 'menuconfig' | 'choice' | 'menu' | 'if' | 'comment' | 'root';
  readonly position: Position;
  readonly parent?: MenuNode | undefined;
  readonly children: readonly MenuNode[];
  /** Of config, menuconfig and choice. */
  readonly symbol?: ConfigSymbol | undefined;
  readonly prompt?: Prompt | undefined;
  /** All that its own `depends on` and what encloses it ask for. */
  readonly dependency: Expression;

  /** `visible if` of this menu and of those around it; undefined where there is none. */
  readonly visibility?: Expression | undefined;
  readonly help?: string | undefined;
  /** Where the help's text begins. */
  readonly helpPlace?: HelpPlace | undefined;
  /** The menu, `if` or choice that it is written inside of; an `if` is no node of the menu tree. */
  readonly enclosing?: MenuNode | undefined;
  /** What it asks for itself; that of its prompt or of what is inside are in `shownIf`. */
  readonly asks: readonly Ask[];
  readonly shownIf: readonly Ask[];
}

export interface HelpPlace {
  readonly file: string;
  /** In the text as it was decoded. */
  readonly start: number;
}

/** The whole space of one tree and architecture. */
export interface Space {
  readonly title: string;
  readonly root: MenuNode;
  /** By name; constants and nameless choices are not in it. */
  readonly byName: ReadonlyMap<string, ConfigSymbol>;
  readonly dialect: Dialect;
  /** By index, everything. */
  readonly symbols: readonly ConfigSymbol[];
  /**
   * Everything but y, m and n, in the order of the hash table of the kernel's programs: that of
   * `auto.conf` and of some warnings.
   */
  readonly hashed: readonly ConfigSymbol[];
  /** What the kernel's programs print while they read the Kconfig files, in order. */
  readonly messages: readonly Output[];
  readonly choices: readonly Choice[];
  /** The symbol that turns modules on (MODULES). */
  readonly modules?: ConfigSymbol;
  readonly yes: ConfigSymbol;
  readonly module: ConfigSymbol;
  readonly no: ConfigSymbol;
}

/** Whole lines for the user, with their newlines, and on which stream the kernel's programs print them. */
export interface Output {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** What a `Configuration` answers; the engine implements it, solver and explainer are written against it. */
export interface Values {
  readonly space: Space;
  /** `y`, `m`, `n`, a number or a string as `.config` has it, without quotes; '' for none. */
  value(symbol: ConfigSymbol): string;
  tristate(symbol: ConfigSymbol): Tristate;
  /** The most a user may set it to; 0 where there is no visible prompt. */
  visibility(symbol: ConfigSymbol): Tristate;
  evaluate(expression: Expression): Tristate;
  /** Set by the user, as opposed to what followed; undefined where not. */
  userValue(symbol: ConfigSymbol): string | undefined;
}
