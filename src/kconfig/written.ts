/**
 * What an option asks for, as it was written: the space (model.ts) joins and simplifies the conditions of
 * menus, `if` blocks and `depends on` lines, so that nobody could say any more which line asked for what.
 * Here they are kept apart, each with its place, for whoever explains a configuration.
 */

import type { Ast, AstEntry, AstExpression, AstProperty, Operand, Position } from './ast.js';
import type { ConfigSymbol, Expression, Space } from './model.js';

/** One condition on a definition, or on its prompt. */
export interface Ask {
  /** `visible` is a menu's `visible if`, `prompt` the condition of the prompt itself. */
  readonly origin: 'depends' | 'if' | 'menu' | 'choice' | 'visible' | 'prompt';
  readonly expression: Expression;
  readonly position: Position;
}

/** One `config` entry of an option. */
export interface Definition {
  readonly position: Position;
  /** The menus and choices it is in, outermost first. */
  readonly path: readonly string[];
  /** What it depends on, outermost first. */
  readonly asks: readonly Ask[];
  readonly prompt?: string;
  /** What must hold besides for the prompt to be shown. */
  readonly shown: readonly Ask[];
  readonly help?: string;
}

/** A condition whose names are not looked up yet: most are never asked for. */
interface RawAsk {
  readonly origin: Ask['origin'];
  readonly expression: AstExpression;
  /** Of `depends on A if B`: B. */
  readonly condition?: AstExpression | undefined;
  readonly position: Position;
}

/** What encloses an entry. */
interface Place {
  readonly path: readonly string[];
  readonly asks: readonly RawAsk[];
  readonly shown: readonly RawAsk[];
}

type Block = Extract<AstEntry, { entries: unknown }>;
type ConfigEntry = Exclude<AstEntry, Block | { kind: 'comment' }>;

/** The definitions of a tree's options, found when they are asked for. */
export class Written {
  readonly #entries = new Map<string, { entry: ConfigEntry; place: Place }[]>();
  readonly #constants: ReadonlyMap<string, ConfigSymbol>;
  readonly #space: Space;

  /** @param ast what the space was made of. */
  constructor(ast: Ast, space: Space) {
    this.#space = space;
    this.#constants = new Map(
      space.symbols.filter(({ constant }) => constant).map((symbol) => [symbol.name, symbol]),
    );
    this.#walk(ast.entries, { path: [], asks: [], shown: [] });
  }

  /** An option's definitions, in the order of the files. @param name without `CONFIG_`. */
  definitionsOf(name: string): Definition[] {
    return (this.#entries.get(name) ?? []).map(({ entry, place }) => {
      const prompt = entry.properties.find((one) => one.kind === 'prompt');
      const help = entry.properties.find((one) => one.kind === 'help');
      return {
        position: entry.position,
        path: place.path,
        asks: [...place.asks, ...dependencies(entry.properties, 'depends')].map((ask) =>
          this.#ask(ask),
        ),
        shown: [...place.shown, ...shownIf(entry.properties)].map((ask) => this.#ask(ask)),
        ...(prompt === undefined ? {} : { prompt: prompt.text }),
        ...(help === undefined ? {} : { help: help.text }),
      };
    });
  }

  #walk(entries: readonly AstEntry[], place: Place): void {
    for (const entry of entries) {
      if (entry.kind === 'config' || entry.kind === 'menuconfig') {
        const known = this.#entries.get(entry.name);
        if (known === undefined) this.#entries.set(entry.name, [{ entry, place }]);
        else known.push({ entry, place });
      } else if ('entries' in entry) this.#walk(entry.entries, inside(entry, place));
    }
  }

  #ask({ origin, expression, condition, position }: RawAsk): Ask {
    const asked = this.#expression(expression);
    if (condition === undefined) return { origin, expression: asked, position };
    // `depends on A if B` asks for nothing where B is n.
    const unless: Expression = { kind: 'not', of: this.#expression(condition) };
    return { origin, expression: { kind: 'or', left: asked, right: unless }, position };
  }

  #expression(expression: AstExpression): Expression {
    switch (expression.kind) {
      case 'operand':
        return { kind: 'symbol', symbol: this.#symbol(expression.operand) };
      case 'not':
        return { kind: 'not', of: this.#expression(expression.of) };
      case 'compare': {
        const { operator, left, right } = expression;
        return {
          kind: 'compare',
          operator,
          left: this.#symbol(left),
          right: this.#symbol(right),
        };
      }
      default: {
        const { kind, left, right } = expression;
        return { kind, left: this.#expression(left), right: this.#expression(right) };
      }
    }
  }

  #symbol({ name, quoted }: Operand): ConfigSymbol {
    const { yes, module, no, byName } = this.#space;
    const tristate = [yes, module, no].find((one) => one.name === name);
    const found = tristate ?? (quoted ? this.#constants.get(name) : byName.get(name));
    if (found !== undefined) return found;
    throw new Error(`the space was not made of these files: it lacks ${name}`);
  }
}

function inside(entry: Block, place: Place): Place {
  if (entry.kind === 'if') {
    const { condition, position } = entry;
    return { ...place, asks: [...place.asks, { origin: 'if', expression: condition, position }] };
  }
  const title =
    entry.kind === 'menu'
      ? entry.prompt
      : entry.properties.find((one) => one.kind === 'prompt')?.text;
  const visible = entry.properties.flatMap((one) =>
    one.kind === 'visible' ? [{ ...one, origin: 'visible' as const }] : [],
  );
  return {
    path: title === undefined ? place.path : [...place.path, title],
    asks: [...place.asks, ...dependencies(entry.properties, entry.kind)],
    shown: [...place.shown, ...visible],
  };
}

function dependencies(properties: readonly AstProperty[], origin: Ask['origin']): RawAsk[] {
  return properties.flatMap((one) => {
    if (one.kind !== 'depends') return [];
    const { expression, condition, position } = one;
    return [{ origin, expression, condition, position }];
  });
}

/** The condition of the prompt itself. */
function shownIf(properties: readonly AstProperty[]): RawAsk[] {
  const prompt = properties.find((one) => one.kind === 'prompt');
  if (prompt?.condition === undefined) return [];
  return [{ origin: 'prompt', expression: prompt.condition, position: prompt.position }];
}
