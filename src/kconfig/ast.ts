/**
 * What the Kconfig files say, as they say it: the tree that the parser makes. Macros are expanded and
 * `source` is followed; nothing is resolved, propagated or evaluated. Names are plain strings.
 */

/** n, m, y: the language's three values, ordered as its operators need them. */
export type Tristate = 0 | 1 | 2;

/** Where something was written. `file` is relative to the tree, as `source` named it. */
export interface Position {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** A symbol's name or a quoted constant: `FOO`, `"foo"`, `0x10`, `y`. */
export interface Operand {
  readonly name: string;
  /** It was in quotes: a constant, never a symbol. */
  readonly quoted: boolean;
}

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type AstExpression =
  | { readonly kind: 'operand'; readonly operand: Operand }
  | { readonly kind: 'not'; readonly of: AstExpression }
  | { readonly kind: 'and' | 'or'; readonly left: AstExpression; readonly right: AstExpression }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: Operand;
      readonly right: Operand;
    };

export type DeclaredType = 'bool' | 'tristate' | 'int' | 'hex' | 'string';

/** One line of an entry. `condition` is what follows `if`. */
export type AstProperty = { readonly position: Position } & (
  | { readonly kind: 'type'; readonly type: DeclaredType }
  | { readonly kind: 'prompt'; readonly text: string; readonly condition?: AstExpression }
  | { readonly kind: 'default'; readonly value: AstExpression; readonly condition?: AstExpression }
  | {
      readonly kind: 'select' | 'imply';
      readonly target: string;
      readonly condition?: AstExpression;
    }
  | {
      readonly kind: 'range';
      readonly low: Operand;
      readonly high: Operand;
      readonly condition?: AstExpression;
    }
  | {
      readonly kind: 'depends';
      readonly expression: AstExpression;
      /** `depends on A if B`, of newer kernels. */
      readonly condition?: AstExpression;
    }
  | { readonly kind: 'visible'; readonly expression: AstExpression } // menus: `visible if`
  | { readonly kind: 'modules' } // this symbol turns modules on
  | { readonly kind: 'optional' } // a choice of 6.1: none of its members need be chosen
  | { readonly kind: 'transitional' } // newer kernels: read from an old .config, never written
  // `start`: where the text begins in the file, as a place in a string
  | { readonly kind: 'help'; readonly text: string; readonly start: number }
);

/** An entry, in the order of the files. A property like `bool "text"` becomes `type` and `prompt`. */
export type AstEntry = { readonly position: Position } & (
  | {
      readonly kind: 'config' | 'menuconfig';
      readonly name: string;
      readonly properties: readonly AstProperty[];
    }
  | {
      readonly kind: 'choice';
      /** Only in 6.1: a choice could be named. */
      readonly name?: string;
      readonly properties: readonly AstProperty[];
      readonly entries: readonly AstEntry[];
    }
  | {
      readonly kind: 'menu';
      readonly prompt: string;
      readonly properties: readonly AstProperty[];
      readonly entries: readonly AstEntry[];
    }
  | {
      readonly kind: 'if';
      readonly condition: AstExpression;
      readonly entries: readonly AstEntry[];
    }
  | {
      readonly kind: 'comment';
      readonly prompt: string;
      readonly properties: readonly AstProperty[];
    }
);

export interface Ast {
  /** `mainmenu`, macros expanded; the kernel's own fallback where the files give none. */
  readonly title: string;
  readonly entries: readonly AstEntry[];
  /** Every file that was read, once, in order; what auto.conf.cmd depends on. */
  readonly files: readonly string[];
  /** Environment variables that were read, with their values; undefined where one was not set. */
  readonly environment: ReadonlyMap<string, string | undefined>;
  /** What `$(info …)` and `$(warning-if …)` printed and the parser warned of, in order. */
  readonly messages: readonly Message[];
}

/** What the kernel's own program would print: info to its standard output, warnings to its errors. */
export interface Message {
  readonly severity: 'info' | 'warning';
  readonly position?: Position;
  /** The whole line, with its `file:line:` where it has one. */
  readonly text: string;
}
