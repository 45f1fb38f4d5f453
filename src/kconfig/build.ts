/**
 * From what the files say to unfinished menus and symbols: each name becomes one symbol, each entry one
 * node with its properties, and the kernel's warnings and errors about single entries are made.
 */

import type { Ast, AstEntry, AstExpression, AstProperty, Operand, Position } from './ast.js';
import { DraftNode, type DraftPrompt, type DraftSymbol, type SymbolTable } from './drafts.js';
import type { ExpressionPool, Interned } from './expressions.js';
import type { Dialect, SymbolType } from './model.js';

/** Where the kernel's programs would print; `problem` is an error, after which they give up. */
export interface Diagnosis {
  warn(position: Position, text: string): void;
  say(text: string): void;
  problem(position: Position | undefined, text: string): void;
}

export interface Draft {
  readonly title: string;
  readonly root: DraftNode;
  readonly modules: DraftSymbol | undefined;
}

/** What encloses an entry. */
interface Place {
  readonly parent: DraftNode;
  /** `visible if` of the menus around, the innermost first. */
  readonly visibility: readonly Interned[];
  /** The choice whose block it is written in. */
  readonly choice: DraftSymbol | undefined;
}

type SymbolEntry = Extract<AstEntry, { kind: 'config' | 'menuconfig' | 'choice' }>;

/** What the kernel's programs call a type when they speak of it. */
export function typeName(type: SymbolType): string {
  return type === 'int' ? 'integer' : type;
}

/** Gives a symbol its type, or warns that it has another. */
export function declareType(
  symbol: DraftSymbol,
  node: DraftNode,
  type: SymbolType,
  diagnosis: Diagnosis,
): void {
  if (symbol.type === 'unknown') symbol.type = type;
  if (symbol.type === type) return;
  diagnosis.warn(
    node.position,
    `ignoring type redefinition of '${symbol.isChoice ? '<choice>' : symbol.name}' ` +
      `from '${typeName(symbol.type)}' to '${typeName(type)}'`,
  );
}

export class Builder {
  private modules: DraftSymbol | undefined;

  constructor(
    private readonly dialect: Dialect,
    private readonly table: SymbolTable,
    private readonly pool: ExpressionPool,
    private readonly diagnosis: Diagnosis,
  ) {}

  build(ast: Ast): Draft {
    const root = new DraftNode('root', { file: ast.files[0] ?? '', line: 0 }, undefined, undefined);
    const prompt = this.textOf(root, ast.title, root.position);
    root.draftPrompt = prompt;
    this.entries(ast.entries, { parent: root, visibility: [], choice: undefined });
    return { title: prompt.text, root, modules: this.modules };
  }

  private entries(entries: readonly AstEntry[], place: Place): void {
    for (const entry of entries) this.entry(entry, place);
  }

  private entry(entry: AstEntry, place: Place): void {
    switch (entry.kind) {
      case 'config':
      case 'menuconfig':
        this.option(entry, place);
        break;
      case 'choice':
        this.choice(entry, place);
        break;
      case 'if': {
        const condition = this.expression(entry.condition);
        const node = this.node(entry, place, undefined);
        node.draftDependency = condition;
        node.asks = [{ origin: 'if', expression: condition, position: entry.position }];
        this.entries(entry.entries, { ...place, parent: node });
        break;
      }
      case 'menu':
      case 'comment': {
        const node = this.node(entry, place, undefined);
        node.draftPrompt = this.textOf(node, entry.prompt, entry.position);
        for (const property of entry.properties) this.nodeProperty(node, property);
        if (entry.kind === 'comment') break;
        const { visibility } = node;
        this.entries(entry.entries, {
          ...place,
          parent: node,
          visibility:
            visibility === undefined ? place.visibility : [visibility, ...place.visibility],
        });
      }
    }
  }

  private node(entry: AstEntry, place: Place, symbol: DraftSymbol | undefined): DraftNode {
    const { parent } = place;
    const node = new DraftNode(entry.kind, entry.position, symbol, parent);
    node.parent = parent;
    if (parent.last === undefined) parent.first = node;
    else parent.last.next = node;
    parent.last = node;
    if (symbol !== undefined) {
      symbol.nodes.push(node);
      if (this.dialect === '6.1') this.mark(symbol, 'symbol', node);
    }
    return node;
  }

  private mark(symbol: DraftSymbol, kind: 'symbol' | 'choice', node: DraftNode): void {
    symbol.properties.push({ kind, node, position: node.position, condition: undefined });
  }

  private option(entry: SymbolEntry & { kind: 'config' | 'menuconfig' }, place: Place): void {
    const symbol = this.table.option(entry.name);
    const node = this.node(entry, place, symbol);
    for (const property of entry.properties) this.property(symbol, node, property, place);
    if (entry.kind === 'menuconfig') {
      if (node.draftPrompt !== undefined) node.draftPrompt.menu = true;
    }
    if (this.dialect === '6.12' && place.choice !== undefined) {
      this.member(node, symbol, place.choice);
    }
  }

  private member(node: DraftNode, symbol: DraftSymbol, choice: DraftSymbol): void {
    if (node.draftPrompt === undefined) {
      this.diagnosis.problem(node.position, 'error: choice member must have a prompt');
    }
    if (symbol.type !== 'bool') {
      this.diagnosis.problem(node.position, 'error: choice member must be bool');
    }
    if (symbol.memberOf !== undefined) return;
    symbol.memberOf = choice;
    choice.members.push(symbol);
  }

  private choice(entry: SymbolEntry & { kind: 'choice' }, place: Place): void {
    const symbol = this.table.choice(entry.name);
    const node = this.node(entry, place, symbol);
    if (this.dialect === '6.1') {
      this.mark(symbol, 'choice', node);
    } else {
      declareType(symbol, node, 'bool', this.diagnosis);
    }
    for (const property of entry.properties) this.property(symbol, node, property, place);
    if (this.dialect === '6.12' && node.draftPrompt === undefined) {
      this.diagnosis.problem(node.position, 'error: choice must have a prompt');
    }
    this.entries(entry.entries, { ...place, parent: node, choice: symbol });
  }

  /** A property of an option or a choice. */
  private property(
    symbol: DraftSymbol,
    node: DraftNode,
    property: AstProperty,
    place: Place,
  ): void {
    const { position } = property;
    const { properties } = symbol;
    switch (property.kind) {
      case 'type':
        declareType(symbol, node, property.type, this.diagnosis);
        break;
      case 'prompt':
        properties.push(this.prompt(node, property, place));
        break;
      case 'default': {
        const value = this.expression(property.value);
        const condition = this.optional(property.condition);
        properties.push({ kind: 'default', node, position, value, condition });
        break;
      }
      case 'select':
      case 'imply': {
        const target = this.table.option(property.target);
        const condition = this.optional(property.condition);
        properties.push({ kind: property.kind, by: symbol, node, position, target, condition });
        break;
      }
      case 'range': {
        const low = this.operand(property.low);
        const high = this.operand(property.high);
        const condition = this.optional(property.condition);
        properties.push({ kind: 'range', node, position, low, high, condition });
        break;
      }
      case 'modules':
        this.setModules(symbol, position);
        break;
      case 'optional':
        symbol.optional = true;
        break;
      case 'transitional':
        symbol.transitional = true;
        break;
      default:
        this.nodeProperty(node, property);
    }
  }

  /** A property that menus and comments may have too. */
  private nodeProperty(node: DraftNode, property: AstProperty): void {
    const { pool } = this;
    switch (property.kind) {
      case 'depends': {
        const asked = this.expression(property.expression);
        const only = this.optional(property.condition);
        // `depends on A if B` asks for A only where B is not n.
        const whole = only === undefined ? asked : pool.binary('or', asked, pool.not(only));
        node.draftDependency = pool.and(node.draftDependency, whole);
        const origin = node.kind === 'menu' || node.kind === 'choice' ? node.kind : 'depends';
        node.asks = [...node.asks, { origin, expression: whole, position: property.position }];
        break;
      }
      case 'visible': {
        const expression = this.expression(property.expression);
        const { position } = property;
        node.visibility = pool.and(node.visibility, expression);
        node.shownIf = [...node.shownIf, { origin: 'visible', expression, position }];
        break;
      }
      case 'help':
        node.helpProperty = property;
    }
  }

  private prompt(
    node: DraftNode,
    property: AstProperty & { kind: 'prompt' },
    place: Place,
  ): DraftPrompt {
    const condition = this.optional(property.condition);
    const { position } = property;
    const draft = this.textOf(node, property.text, position);
    if (node.draftPrompt !== undefined) this.diagnosis.warn(position, 'prompt redefined');
    if (condition !== undefined) {
      node.shownIf = [{ origin: 'prompt', expression: condition, position }];
    }
    draft.condition = place.visibility.reduce<Interned | undefined>(
      (sofar, visible) => this.pool.and(sofar, visible),
      condition,
    );
    node.draftPrompt = draft;
    return draft;
  }

  /** Something that is shown, without the white space it must not begin with. */
  private textOf(node: DraftNode, written: string, position: Position): DraftPrompt {
    const text = /^[^ \t\n\v\f\r]/.test(written) ? written : written.replace(/^[ \t\n\v\f\r]+/, '');
    if (text !== written) this.diagnosis.warn(position, 'leading whitespace ignored');
    return { kind: 'prompt', node, position, text, menu: false, condition: undefined };
  }

  private setModules(symbol: DraftSymbol, position: Position): void {
    if (this.modules !== undefined) {
      this.diagnosis.problem(
        position,
        `symbol '${symbol.name}' redefines option 'modules' already defined by symbol '${this.modules.name}'`,
      );
    }
    this.modules = symbol;
  }

  private optional(expression: AstExpression | undefined): Interned | undefined {
    return expression && this.expression(expression);
  }

  private operand(operand: Operand): DraftSymbol {
    return operand.quoted ? this.table.constant(operand.name) : this.table.option(operand.name);
  }

  private expression(expression: AstExpression): Interned {
    const { pool } = this;
    switch (expression.kind) {
      case 'operand':
        return pool.symbol(this.operand(expression.operand));
      case 'not':
        return pool.not(this.expression(expression.of));
      case 'compare': {
        const left = this.operand(expression.left);
        return pool.compare(expression.operator, left, this.operand(expression.right));
      }
      default: {
        const left = this.expression(expression.left);
        return pool.binary(expression.kind, left, this.expression(expression.right));
      }
    }
  }
}
