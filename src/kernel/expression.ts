/** Kconfig expressions, evaluated against a finished `.config`: is this dependency met? */

/** n, m, y. */
type Tristate = 0 | 1 | 2;

const token = /\s*(&&|\|\||!=|<=|>=|[()!=<>]|"[^"]*"|[A-Za-z0-9_]+)/y;

/**
 * True when an expression is not n; undefined when it cannot be told (macros such as `$(cc-option)`).
 * @param values as `parseConfig` gives them.
 */
export function isMet(
  expression: string,
  values: ReadonlyMap<string, string>,
): boolean | undefined {
  const tokens = tokenize(expression);
  if (tokens === undefined) return undefined;
  const parser = new Parser(tokens, values);
  const value = parser.or();
  return value === undefined || !parser.atEnd ? undefined : value > 0;
}

/** The symbols an expression names. */
export function symbolsOf(expression: string): string[] {
  const names = (tokenize(expression) ?? []).filter((text) =>
    /^[A-Za-z0-9_]*[A-Z_][A-Za-z0-9_]*$/.test(text),
  );
  return [...new Set(names)];
}

function tokenize(expression: string): string[] | undefined {
  const tokens: string[] = [];
  const text = expression.trim();
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const found = token.exec(text);
    if (found?.[1] === undefined) return undefined;
    tokens.push(found[1]);
  }
  return tokens;
}

class Parser {
  #next = 0;

  constructor(
    readonly tokens: readonly string[],
    readonly values: ReadonlyMap<string, string>,
  ) {}

  get atEnd(): boolean {
    return this.#next === this.tokens.length;
  }

  or(): Tristate | undefined {
    let value = this.#and();
    while (value !== undefined && this.#take('||')) {
      const right = this.#and();
      value = right === undefined ? undefined : right > value ? right : value;
    }
    return value;
  }

  #and(): Tristate | undefined {
    let value = this.#term();
    while (value !== undefined && this.#take('&&')) {
      const right = this.#term();
      value = right === undefined ? undefined : right < value ? right : value;
    }
    return value;
  }

  #term(): Tristate | undefined {
    if (this.#take('!')) {
      const value = this.#term();
      return value === undefined ? undefined : ((2 - value) as Tristate);
    }
    if (this.#take('(')) {
      const value = this.or();
      return this.#take(')') ? value : undefined;
    }
    const left = this.#operand();
    if (left === undefined) return undefined;
    for (const operator of ['=', '!=']) {
      if (!this.#take(operator)) continue;
      const right = this.#operand();
      return right === undefined ? undefined : (left === right) === (operator === '=') ? 2 : 0;
    }
    return left === 'y' ? 2 : left === 'm' ? 1 : 0;
  }

  /** The value of a symbol or constant, as text. */
  #operand(): string | undefined {
    const text = this.tokens[this.#next];
    if (text === undefined || !/^["A-Za-z0-9_]/.test(text)) return undefined;
    this.#next += 1;
    if (text.startsWith('"')) return text.slice(1, -1);
    if (/^(?:[ymn]|[0-9]+|0x[0-9a-fA-F]+)$/.test(text)) return text;
    return this.values.get(text) ?? 'n';
  }

  #take(text: string): boolean {
    if (this.tokens[this.#next] !== text) return false;
    this.#next += 1;
    return true;
  }
}
