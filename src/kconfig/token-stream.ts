/**
 * The lexer's tokens as a parser takes them: one at a time, with a way on after a line that makes no
 * sense. How many faults are told, and with which line, follows the kernel's generated parser: so a
 * token is only read when the grammar needs it.
 */

import type { AstExpression, Position } from './ast.js';
import { at, type Log } from './errors.js';
import { parseExpression, type OperandNode, type Tokens } from './expression-parser.js';
import type { Lexer } from './lexer.js';
import type { Token } from './tokens.js';

/** Thrown at a token that does not fit, caught where statements begin. */
export class Unexpected extends Error {}
/** Thrown where no sense can be made of the rest. */
export class Abandoned extends Error {}

export class TokenStream implements Tokens {
  private token: Token | undefined;
  /** Names come up again and again; memory is better spent once a name. */
  private readonly words = new Map<string, OperandNode>();
  private readonly quotations = new Map<string, OperandNode>();
  /** Tokens to go before another `syntax error` is worth a line. */
  private silence = 0;

  constructor(
    protected readonly lexer: Lexer,
    protected readonly log: Log,
  ) {}

  get text(): string {
    return this.lexer.text;
  }

  peek(): Token {
    return (this.token ??= this.lexer.next());
  }

  advance(): void {
    this.token = undefined;
    if (this.silence > 0) this.silence--;
  }

  operandNode(name: string, quoted: boolean): OperandNode {
    const known = quoted ? this.quotations : this.words;
    let node = known.get(name);
    if (!node) {
      node = { kind: 'operand', operand: { name, quoted } };
      known.set(name, node);
    }
    return node;
  }

  unexpected(): never {
    if (this.silence === 0) this.fault('syntax error');
    this.silence = 3;
    throw new Unexpected();
  }

  exhausted(): never {
    this.fault('memory exhausted');
    throw new Abandoned();
  }

  /** @returns whether `read` came to its end; otherwise the rest of its line was skipped. */
  recovering(complaint: string, read: () => void): boolean {
    try {
      read();
      return true;
    } catch (error) {
      if (!(error instanceof Unexpected)) throw error;
    }
    while (this.peek() !== 'eol') {
      if (this.peek() === 'end') throw new Abandoned();
      this.token = undefined;
    }
    this.advance();
    this.fault(complaint);
    return false;
  }

  /** `if …`, where there is one. */
  condition(): AstExpression | undefined {
    if (this.peek() !== 'if') return undefined;
    this.advance();
    return parseExpression(this);
  }

  /** A keyword alone on its line. @returns its position. */
  flag(): Position {
    this.advance();
    this.endOfLine();
    return this.lexer.position();
  }

  take(token: Token): string {
    if (this.peek() !== token) this.unexpected();
    const { text } = this.lexer;
    this.advance();
    return text;
  }

  endOfLine(): void {
    if (this.peek() !== 'eol') this.unexpected();
    this.advance();
  }

  warn(text: string): void {
    const position = this.lexer.position();
    this.log.say('warning', `${at(position)}: warning: ${text}`, position);
  }

  fault(text: string): void {
    const position = this.lexer.position();
    this.log.fault(`${at(position)}: ${text}`, position, this.lexer.includedFrom());
  }
}
