/** Conditions: `!A && (B || C = "text")`. `||` binds loosest, then `&&`, then `!`. */

import type { AstExpression, Comparison, Operand } from './ast.js';
import type { Token } from './tokens.js';

export type OperandNode = Extract<AstExpression, { kind: 'operand' }>;

/** The parser's tokens, as far as an expression needs them. */
export interface Tokens {
  peek(): Token;
  /** The text of the token that {@link peek} saw. */
  readonly text: string;
  advance(): void;
  /** The expression that is a single operand: one object a name. */
  operandNode(name: string, quoted: boolean): OperandNode;
  /** The token at hand does not fit. */
  unexpected(): never;
  /** The input is more than the parser takes. */
  exhausted(): never;
}

/** Bounds for whoever walks the tree; a kernel's longest condition is far below. */
const maxNesting = 500;
const maxOperators = 4000;

/** Reads one expression and stops at the first token that is no part of it. */
export function parseExpression(tokens: Tokens): AstExpression {
  return parseOr(tokens, 0);
}

function parseOr(tokens: Tokens, nesting: number): AstExpression {
  let left = parseAnd(tokens, nesting);
  for (let operators = 0; tokens.peek() === '||'; operators++) {
    if (operators > maxOperators) tokens.exhausted();
    tokens.advance();
    left = { kind: 'or', left, right: parseAnd(tokens, nesting) };
  }
  return left;
}

function parseAnd(tokens: Tokens, nesting: number): AstExpression {
  let left = parseTerm(tokens, nesting);
  for (let operators = 0; tokens.peek() === '&&'; operators++) {
    if (operators > maxOperators) tokens.exhausted();
    tokens.advance();
    left = { kind: 'and', left, right: parseTerm(tokens, nesting) };
  }
  return left;
}

function parseTerm(tokens: Tokens, nesting: number): AstExpression {
  if (nesting > maxNesting) tokens.exhausted();
  switch (tokens.peek()) {
    case '!':
      tokens.advance();
      return { kind: 'not', of: parseTerm(tokens, nesting + 1) };
    case '(': {
      tokens.advance();
      const inner = parseOr(tokens, nesting + 1);
      if (tokens.peek() !== ')') tokens.unexpected();
      tokens.advance();
      return inner;
    }
    default: {
      const left = parseOperandNode(tokens);
      const token = tokens.peek();
      if (!isComparison(token)) return left;
      tokens.advance();
      return { kind: 'compare', operator: token, left: left.operand, right: parseOperand(tokens) };
    }
  }
}

/** A word or a quoted string. */
export function parseOperand(tokens: Tokens): Operand {
  return parseOperandNode(tokens).operand;
}

function parseOperandNode(tokens: Tokens): OperandNode {
  const token = tokens.peek();
  if (token !== 'word' && token !== 'quoted') tokens.unexpected();
  const node = tokens.operandNode(tokens.text, token === 'quoted');
  tokens.advance();
  return node;
}

function isComparison(token: Token): token is Comparison {
  switch (token) {
    case '=':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return true;
    default:
      return false;
  }
}
