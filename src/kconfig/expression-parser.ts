/** Conditions: `!A && (B || C = "text")`. `||` binds loosest, then `&&`, then `!`. */

import type { AstExpression, Comparison, Operand } from './ast.js';
import type { Token } from './lexer.js';

/** The parser's tokens, as far as an expression needs them. */
export interface Tokens {
  peek(): Token;
  /** The text of the token that {@link peek} saw. */
  readonly text: string;
  advance(): void;
  /** The token at hand does not fit. */
  unexpected(): never;
  /** The input is more than the parser takes. */
  exhausted(): never;
}

/** Bounds for whoever walks the tree; a kernel's longest condition is far below. */
const maxNesting = 500;
const maxOperators = 4000;

const comparisons: ReadonlySet<Token> = new Set(['=', '!=', '<', '<=', '>', '>=']);

/** Reads one expression and stops at the first token that is no part of it. */
export function parseExpression(tokens: Tokens): AstExpression {
  let operators = 0;
  return or(0);

  function or(nesting: number): AstExpression {
    let left = and(nesting);
    while (tokens.peek() === '||') {
      operator();
      left = { kind: 'or', left, right: and(nesting) };
    }
    return left;
  }

  function and(nesting: number): AstExpression {
    let left = term(nesting);
    while (tokens.peek() === '&&') {
      operator();
      left = { kind: 'and', left, right: term(nesting) };
    }
    return left;
  }

  function term(nesting: number): AstExpression {
    if (nesting > maxNesting) tokens.exhausted();
    switch (tokens.peek()) {
      case '!':
        tokens.advance();
        return { kind: 'not', of: term(nesting + 1) };
      case '(': {
        tokens.advance();
        const inner = or(nesting + 1);
        if (tokens.peek() !== ')') tokens.unexpected();
        tokens.advance();
        return inner;
      }
      default: {
        const left = parseOperand(tokens);
        const token = tokens.peek();
        if (!isComparison(token)) return { kind: 'operand', operand: left };
        tokens.advance();
        return { kind: 'compare', operator: token, left, right: parseOperand(tokens) };
      }
    }
  }

  function operator(): void {
    if (++operators > maxOperators) tokens.exhausted();
    tokens.advance();
  }
}

/** A word or a quoted string. */
export function parseOperand(tokens: Tokens): Operand {
  const token = tokens.peek();
  if (token !== 'word' && token !== 'quoted') tokens.unexpected();
  const operand = { name: tokens.text, quoted: token === 'quoted' };
  tokens.advance();
  return operand;
}

function isComparison(token: Token): token is Comparison {
  return comparisons.has(token);
}
