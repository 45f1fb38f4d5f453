/**
 * The last step of reading: dependencies flow from every entry to those inside it and to its
 * properties, selects become reverse dependencies of their targets, entries that depend on the one
 * before them become its submenu, and blocks that are only an `if` dissolve into what is around them.
 * All of it in the kernel's order, since expressions print in the order in which they were joined.
 */

import { declareType, type Diagnosis } from './build.js';
import type { DraftNode, DraftProperty, DraftSymbol, SymbolTable } from './drafts.js';
import { mentions, type ExpressionPool, type Interned } from './expressions.js';
import type { ConfigSymbol, Dialect } from './model.js';
import { isNumber } from './numbers.js';
import { requires, type Simplifier } from './simplify.js';

export class Finalizer {
  constructor(
    private readonly dialect: Dialect,
    private readonly table: SymbolTable,
    private readonly modules: DraftSymbol,
    private readonly pool: ExpressionPool,
    private readonly simplifier: Simplifier,
    private readonly diagnosis: Diagnosis,
  ) {}

  /** The node, everything in it, and the siblings that become its submenu. */
  finalize(parent: DraftNode, insideChoice: boolean): void {
    const { symbol } = parent;
    const isChoice = symbol?.isChoice === true;
    if (parent.first !== undefined) {
      const dependency = this.dependencyOfChildren(parent);
      for (let node: DraftNode | undefined = parent.first; node; node = node.next) {
        this.propagate(dependency, node);
      }
      for (let node: DraftNode | undefined = parent.first; node; node = node.next) {
        this.finalize(node, isChoice);
      }
    } else if (symbol !== undefined && (this.dialect === '6.1' || !insideChoice)) {
      this.makeSubmenu(parent, symbol);
      symbol.directDependency = this.pool.or(symbol.directDependency, parent.draftDependency);
    }
    for (let node: DraftNode | undefined = parent.first; node; node = node.next) {
      if (this.dialect === '6.1' && isChoice) this.adopt(node, symbol);
      flatten(node, parent);
    }
    if (symbol !== undefined) this.finish(parent, symbol);
  }

  private finish(node: DraftNode, symbol: DraftSymbol): void {
    if (!symbol.checked) {
      if (symbol.type === 'unknown') {
        this.diagnosis.warn(node.position, 'config symbol defined without type');
      }
      if (this.dialect === '6.1' && symbol.isChoice && node.draftPrompt === undefined) {
        this.diagnosis.warn(node.position, 'choice must have a prompt');
      }
      checkProperties(symbol, this.diagnosis);
      symbol.checked = true;
    }
    // A choice that is not optional is at least m wherever it is visible.
    if (this.dialect !== '6.1' || !symbol.isChoice || symbol.optional) return;
    if (node.draftPrompt === undefined) return;
    symbol.selected = this.pool.or(
      symbol.selected,
      this.pool.and(node.draftPrompt.condition, this.pool.symbol(this.table.module)),
    );
  }

  private dependencyOfChildren(parent: DraftNode): Interned | undefined {
    const { symbol } = parent;
    if (this.dialect !== '6.1' || !symbol?.isChoice) return parent.draftDependency;
    this.inheritTypes(parent, symbol);
    return this.pool.symbol(symbol);
  }

  /** A choice without a type takes that of its first member; members without one take the choice's. */
  private inheritTypes(parent: DraftNode, choice: DraftSymbol): void {
    if (choice.type === 'unknown') {
      for (let node = parent.first; node; node = node.next) {
        if (node.symbol === undefined || node.symbol.type === 'unknown') continue;
        declareType(choice, parent, node.symbol.type, this.diagnosis);
        break;
      }
    }
    for (let node = parent.first; node; node = node.next) {
      if (node.symbol?.type !== 'unknown') continue;
      declareType(node.symbol, node, choice.type, this.diagnosis);
      this.simplifier.forget();
    }
  }

  /** `m` asks for modules too. */
  private withModules(expression: Interned): Interned {
    const { pool } = this;
    switch (expression.kind) {
      case 'symbol':
        return expression.symbol === this.table.module
          ? pool.binary('and', expression, pool.symbol(this.modules))
          : expression;
      case 'not':
        return pool.not(this.withModules(expression.of));
      case 'compare':
        return expression;
      default: {
        const left = this.withModules(expression.left);
        return pool.binary(expression.kind, left, this.withModules(expression.right));
      }
    }
  }

  private joined(outer: Interned | undefined, own: Interned | undefined): Interned | undefined {
    const simple = own && this.simplifier.transform(this.withModules(own));
    const both = this.pool.and(outer, simple);
    return both && this.simplifier.eliminateDuplicates(both);
  }

  private propagate(outer: Interned | undefined, node: DraftNode): void {
    const dependency = this.joined(outer, node.draftDependency);
    node.draftDependency = dependency;
    const { symbol } = node;
    if (symbol === undefined) {
      const { draftPrompt } = node;
      if (draftPrompt) draftPrompt.condition = this.joined(dependency, draftPrompt.condition);
      return;
    }
    for (const property of symbol.properties) {
      if (property.node !== node) continue;
      property.condition = this.joined(dependency, property.condition);
      if (property.kind !== 'select' && property.kind !== 'imply') continue;
      const { target } = property;
      const field = property.kind === 'select' ? 'selected' : 'implied';
      const asks = this.pool.and(this.pool.symbol(symbol), property.condition);
      target[field] = this.pool.or(target[field], asks);
    }
  }

  private makeSubmenu(parent: DraftNode, symbol: DraftSymbol): void {
    let base: Interned | undefined;
    let last: DraftNode | undefined;
    for (let node = parent.next; node; node = node.next) {
      const dependency = node.draftPrompt ? node.draftPrompt.condition : node.draftDependency;
      if (dependency === undefined || !mentions(dependency, symbol)) break;
      if (!requires(dependency, symbol, this.table)) {
        base ??= this.visibleWhere(parent.draftPrompt?.condition);
        // What asks for all that the symbol asks for, and mentions it, counts as depending on it.
        const [, rest] = this.simplifier.eliminateEqual(this.visibleWhere(dependency), base);
        if (!this.simplifier.isYes(rest)) break;
      }
      this.finalize(node, false);
      node.parent = parent;
      last = node;
    }
    if (last === undefined) return;
    parent.first = parent.next;
    parent.next = last.next;
    last.next = undefined;
  }

  private visibleWhere(expression: Interned | undefined): Interned {
    const { simplifier } = this;
    return simplifier.eliminateDuplicates(
      simplifier.transform(simplifier.atLeastModule(expression)),
    );
  }

  /** Makes an entry of 6.1's choice one of its members. */
  private adopt(node: DraftNode, choice: DraftSymbol): void {
    const { symbol } = node;
    if (symbol === undefined || symbol.memberOf !== undefined) return;
    const { diagnosis, pool } = this;
    if (!node.draftPrompt) diagnosis.warn(node.position, 'choice value must have a prompt');
    for (const property of symbol.properties) {
      if (property.kind === 'default') {
        diagnosis.warn(property.position, 'defaults for choice values not supported');
      }
      if (property.node === node || property.kind !== 'prompt' || property.menu) continue;
      if (property.node.parent?.symbol !== choice) {
        diagnosis.warn(property.position, 'choice value used outside its choice group');
      }
    }
    if (choice.type === 'tristate' && symbol.type !== 'tristate') {
      const chosen = pool.compare('=', choice, this.table.yes);
      node.draftDependency = pool.and(chosen, node.draftDependency);
      for (const property of symbol.properties) {
        if (property.node === node) property.condition = pool.and(chosen, property.condition);
      }
    }
    symbol.memberOf = choice;
    choice.members.push(symbol);
    // Where the kernel says in warnings that the membership was written.
    const { position } = node;
    symbol.properties.push({ kind: 'choice', node, position, condition: undefined });
  }
}

/** Puts what is inside a node that shows nothing after it, among its siblings. */
function flatten(node: DraftNode, parent: DraftNode): void {
  if (node.first === undefined || node.draftPrompt !== undefined) return;
  let last = node.first;
  for (;;) {
    last.parent = parent;
    if (last.next === undefined) break;
    last = last.next;
  }
  last.next = node.next;
  node.next = node.first;
  node.first = undefined;
}

function isLogical(symbol: DraftSymbol): boolean {
  return symbol.type === 'bool' || symbol.type === 'tristate';
}

function isNumeric(symbol: ConfigSymbol): boolean {
  return symbol.type === 'int' || symbol.type === 'hex';
}

function mayBeNumber(symbol: ConfigSymbol, value: ConfigSymbol): boolean {
  if (isNumeric(value)) return true;
  return value.type === 'unknown' && isNumber(symbol.type, value.name);
}

function checkProperties(symbol: DraftSymbol, diagnosis: Diagnosis): void {
  for (const property of symbol.properties) {
    switch (property.kind) {
      case 'default':
        checkDefault(symbol, property, diagnosis);
        break;
      case 'select':
      case 'imply': {
        const { target } = property;
        if (!isLogical(symbol)) {
          diagnosis.warn(
            property.position,
            `config symbol '${symbol.name}' uses ${property.kind}, but is not bool or tristate`,
          );
        } else if (target.type !== 'unknown' && !isLogical(target)) {
          diagnosis.warn(
            property.position,
            `'${target.name}' has wrong type. '${property.kind}' only accept arguments of bool and tristate type`,
          );
        }
        break;
      }
      case 'range':
        if (!isNumeric(symbol)) {
          diagnosis.warn(property.position, 'range is only allowed for int or hex symbols');
        }
        if (!mayBeNumber(symbol, property.low) || !mayBeNumber(symbol, property.high)) {
          diagnosis.warn(property.position, 'range is invalid');
        }
    }
  }
}

function checkDefault(
  symbol: DraftSymbol,
  property: DraftProperty & { kind: 'default' },
  diagnosis: Diagnosis,
): void {
  const { value } = property;
  if ((symbol.type === 'string' || isNumeric(symbol)) && value.kind !== 'symbol') {
    diagnosis.warn(
      property.position,
      `default for config symbol '${symbol.name}' must be a single symbol`,
    );
  }
  if (value.kind !== 'symbol') return;
  const single = value.symbol;
  if (isNumeric(symbol) && !mayBeNumber(symbol, single)) {
    diagnosis.warn(property.position, `'${symbol.name}': number is invalid`);
  }
  if (symbol.isChoice && !symbol.members.some((member) => member === single)) {
    diagnosis.warn(
      property.position,
      `choice default symbol '${single.name}' is not contained in the choice`,
    );
  }
}
