/**
 * Tokens to the tree of entries: the grammar of scripts/kconfig/parser.y, read top-down. A line that
 * makes no sense is reported and skipped, as the kernel's program does, so that one run shows all
 * faults; they become one error at the end.
 *
 * What an entry's lines mean together (types, prompts given twice) is judged by whoever resolves the
 * tree.
 */

import type { AstEntry, AstExpression, AstProperty, DeclaredType, Position } from './ast.js';
import { at, type Log } from './errors.js';
import { parseExpression, parseOperand } from './expression-parser.js';
import { HelpProperty } from './help.js';
import type { Lexer } from './lexer.js';
import type { AssignmentOperator } from './preprocess.js';
import { Abandoned, TokenStream, Unexpected } from './token-stream.js';
import type { Token } from './tokens.js';

type BlockName = 'menu' | 'choice' | 'if';

/** A `menu`, `choice` or `if` that waits for its end. */
interface Block {
  readonly name: BlockName;
  readonly position: Position;
}

/** Blocks in blocks; whoever walks the tree recurses as deep. */
const maxNesting = 500;

const blockEnds: ReadonlyMap<Token, BlockName> = new Map([
  ['endmenu', 'menu'],
  ['endchoice', 'choice'],
  ['endif', 'if'],
]);

export interface ParsedFile {
  readonly title: string | undefined;
  readonly entries: readonly AstEntry[];
}

/** @throws KconfigError with every fault that was found. */
export function parseEntries(lexer: Lexer, log: Log): ParsedFile {
  return new Parser(lexer, log).parse();
}

class Parser extends TokenStream {
  /** By the grammar: every one ends with some `end…`. */
  private readonly blocks: Block[] = [];
  /** By the names of those ends: a wrong one closes nothing. */
  private readonly unclosed: Block[] = [];

  parse(): ParsedFile {
    let title: string | undefined;
    const entries: AstEntry[] = [];
    try {
      if (this.peek() === 'mainmenu') title = this.mainMenu();
      this.statements(entries, false);
    } catch (error) {
      if (!(error instanceof Abandoned || error instanceof Unexpected)) throw error;
      for (const { position } of this.blocks.reverse()) {
        this.log.fault(`${at(position)}: missing end statement for this entry`, position);
      }
    }
    if (this.log.failed) throw this.log.error();
    return { title, entries };
  }

  private mainMenu(): string {
    this.advance();
    const title = this.take('quoted');
    this.endOfLine();
    return title;
  }

  /** Statements up to the end of their block, which is left for the caller; faulty ones are skipped. */
  private statements(entries: AstEntry[], inChoice: boolean): void {
    for (;;) {
      const token = this.peek();
      const inBlock = this.blocks.length > 0;
      if (inBlock ? blockEnds.has(token) : token === 'end') {
        if (!inBlock) return;
        if (this.recovering('invalid statement', () => this.blockEnd(token))) return;
        continue;
      }
      const word = token === 'word' && !inChoice ? this.lexer.text : undefined;
      const complaint = word === undefined ? 'invalid statement' : `unknown statement "${word}"`;
      this.recovering(complaint, () => this.statement(token, entries, inChoice));
    }
  }

  private statement(token: Token, entries: AstEntry[], inChoice: boolean): void {
    switch (token) {
      case 'config':
        entries.push(this.config('config'));
        return;
      case 'comment':
        entries.push(this.comment());
        return;
      case 'if':
        entries.push(this.ifBlock(inChoice));
        return;
    }
    if (inChoice) this.unexpected();
    switch (token) {
      case 'menuconfig':
        entries.push(this.config('menuconfig'));
        return;
      case 'menu':
        entries.push(this.menu());
        return;
      case 'choice':
        entries.push(this.choice());
        return;
      case 'source':
        this.source();
        return;
      case 'word':
        this.assignment();
        return;
      default:
        this.unexpected();
    }
  }

  private assignment(): void {
    const name = this.take('word');
    const operator = this.peek();
    if (operator !== '=' && operator !== ':=' && operator !== '+=') this.unexpected();
    this.advance();
    const value = this.peek() === 'value' ? this.take('value') : '';
    this.endOfLine();
    this.lexer.preprocessor.assign(name, operator satisfies AssignmentOperator, value);
  }

  private source(): void {
    this.advance();
    const name = this.take('quoted');
    this.endOfLine();
    this.lexer.enter(name);
  }

  private config(kind: 'config' | 'menuconfig'): AstEntry {
    this.advance();
    const name = this.take('word');
    this.endOfLine();
    const position = this.lexer.position();
    const properties: AstProperty[] = [];
    while (this.configProperty(properties, name)); // sliced below: a grown array is mostly empty
    if (kind === 'menuconfig' && !properties.some((each) => each.kind === 'prompt')) {
      this.warn('menuconfig statement without prompt');
    }
    return { kind, position, name, properties: properties.slice() };
  }

  /** @returns whether there was one. */
  private configProperty(properties: AstProperty[], name: string): boolean {
    const token = this.peek();
    switch (token) {
      case 'bool':
      case 'tristate':
      case 'int':
      case 'hex':
      case 'string':
        this.type(token, properties);
        return true;
      case 'def_bool':
        this.defaultValue('bool', properties);
        return true;
      case 'def_tristate':
        this.defaultValue('tristate', properties);
        return true;
      case 'default':
        this.defaultValue(undefined, properties);
        return true;
      case 'select':
      case 'imply':
        this.reverse(token, properties);
        return true;
      case 'range':
        this.range(properties);
        return true;
      case 'modules':
        properties.push({ position: this.flag(), kind: 'modules' });
        return true;
      case 'word':
        if (this.lexer.text !== 'transitional') return false;
        properties.push({ position: this.flag(), kind: 'transitional' });
        return true;
      default:
        return this.commonProperty(token, properties, name);
    }
  }

  /** What configs and choices both have. */
  private commonProperty(token: Token, properties: AstProperty[], name: string): boolean {
    switch (token) {
      case 'prompt':
        this.advance();
        this.prompt(properties);
        this.endOfLine();
        return true;
      case 'depends':
        this.depends(properties);
        return true;
      case 'help':
        this.help(properties, name);
        return true;
      default:
        return false;
    }
  }

  private type(type: DeclaredType, properties: AstProperty[]): void {
    this.advance();
    const position = this.lexer.position();
    if (this.peek() === 'quoted') this.prompt(properties);
    this.endOfLine();
    properties.push({ position, kind: 'type', type });
  }

  private prompt(properties: AstProperty[]): void {
    const text = this.take('quoted');
    const condition = this.condition();
    this.add({ position: this.lexer.position(), kind: 'prompt', text }, condition, properties);
  }

  private defaultValue(type: DeclaredType | undefined, properties: AstProperty[]): void {
    this.advance();
    const value = parseExpression(this);
    const condition = this.condition();
    this.endOfLine();
    const position = this.lexer.position();
    if (type) properties.push({ position, kind: 'type', type });
    this.add({ position, kind: 'default', value }, condition, properties);
  }

  private reverse(kind: 'select' | 'imply', properties: AstProperty[]): void {
    this.advance();
    const target = this.operandNode(this.take('word'), false).operand.name;
    const condition = this.condition();
    this.endOfLine();
    this.add({ position: this.lexer.position(), kind, target }, condition, properties);
  }

  private range(properties: AstProperty[]): void {
    this.advance();
    const low = parseOperand(this);
    const high = parseOperand(this);
    const condition = this.condition();
    this.endOfLine();
    this.add({ position: this.lexer.position(), kind: 'range', low, high }, condition, properties);
  }

  private depends(properties: AstProperty[]): void {
    this.advance();
    this.take('on');
    const expression = parseExpression(this);
    const condition = this.condition();
    this.endOfLine();
    const position = this.lexer.position();
    this.add({ position, kind: 'depends', expression }, condition, properties);
  }

  private help(properties: AstProperty[], name: string): void {
    const position = this.flag();
    this.lexer.startHelp();
    this.take('helptext');
    const { help } = this.lexer;
    if (!help) return;
    if (properties.some((each) => each.kind === 'help')) {
      this.warn(`'${name}' defined with more than one help text -- only the last one will be used`);
    }
    if (help.blank) this.warn(`'${name}' defined with blank help text`);
    properties.push(new HelpProperty(position, help));
  }

  private choice(): AstEntry {
    this.advance();
    const name = this.peek() === 'word' ? this.take('word') : undefined;
    this.endOfLine();
    const position = this.lexer.position();
    const properties: AstProperty[] = [];
    while (this.choiceProperty(properties));
    const entries = this.block('choice', position, true);
    return { kind: 'choice', position, ...(name !== undefined && { name }), properties, entries };
  }

  private choiceProperty(properties: AstProperty[]): boolean {
    const token = this.peek();
    switch (token) {
      case 'bool':
      case 'tristate':
        this.type(token, properties);
        return true;
      case 'default':
        this.choiceDefault(properties);
        return true;
      case 'word':
        if (this.lexer.text !== 'optional') return false;
        properties.push({ position: this.flag(), kind: 'optional' });
        return true;
      default:
        return this.commonProperty(token, properties, '<choice>');
    }
  }

  private choiceDefault(properties: AstProperty[]): void {
    this.advance();
    const value = this.operandNode(this.take('word'), false);
    const condition = this.condition();
    this.endOfLine();
    this.add({ position: this.lexer.position(), kind: 'default', value }, condition, properties);
  }

  private ifBlock(inChoice: boolean): AstEntry {
    this.advance();
    const condition = parseExpression(this);
    this.endOfLine();
    const position = this.lexer.position();
    return { kind: 'if', position, condition, entries: this.block('if', position, inChoice) };
  }

  private menu(): AstEntry {
    const { position, prompt } = this.titled();
    const properties: AstProperty[] = [];
    for (;;) {
      const token = this.peek();
      if (token === 'visible') this.visible(properties);
      else if (token === 'depends') this.depends(properties);
      else break;
    }
    const entries = this.block('menu', position, false);
    return { kind: 'menu', position, prompt, properties, entries };
  }

  private comment(): AstEntry {
    const { position, prompt } = this.titled();
    const properties: AstProperty[] = [];
    while (this.peek() === 'depends') this.depends(properties);
    return { kind: 'comment', position, prompt, properties };
  }

  /** `menu "text"`, `comment "text"`. */
  private titled(): { position: Position; prompt: string } {
    this.advance();
    const prompt = this.take('quoted');
    this.endOfLine();
    return { position: this.lexer.position(), prompt };
  }

  private visible(properties: AstProperty[]): void {
    this.advance();
    const condition = this.condition();
    this.endOfLine();
    if (!condition) return; // `visible` alone asks for nothing
    properties.push({ position: this.lexer.position(), kind: 'visible', expression: condition });
  }

  /** The statements of a block, to its end. */
  private block(name: BlockName, position: Position, inChoice: boolean): AstEntry[] {
    if (this.blocks.length >= maxNesting) this.exhausted();
    const block = { name, position };
    this.blocks.push(block);
    this.unclosed.push(block);
    const entries: AstEntry[] = [];
    this.statements(entries, inChoice);
    return entries;
  }

  private blockEnd(token: Token): void {
    this.advance();
    this.endOfLine();
    const found = blockEnds.get(token);
    const expected = this.blocks.pop()?.name;
    const opened = this.unclosed.at(-1);
    if (found === undefined || expected === undefined) return;
    if (found !== expected) {
      this.fault(`unexpected '${found}' within ${expected} block`);
    } else if (opened && opened.position.file !== this.lexer.file) {
      this.fault(`'${found}' in different file than '${expected}'`);
      const { position } = opened;
      this.log.fault(`${at(position)}: location of the '${expected}'`, position);
    } else this.unclosed.pop();
  }

  /** @param condition added where there is one */
  private add(
    property: AstProperty,
    condition: AstExpression | undefined,
    to: AstProperty[],
  ): void {
    if (condition) (property as { condition?: AstExpression }).condition = condition;
    to.push(property);
  }
}
