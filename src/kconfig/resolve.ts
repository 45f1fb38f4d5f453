/**
 * From the files' text to the space: names become symbols, dependencies spread, and what the kernel's
 * programs would complain of is complained of in their words.
 *
 * The language changed in 6.11, and with it the rules by which a configuration is computed. `dialectOf`
 * tells by the tree's own scripts/kconfig/expr.h which rules hold: as long as the kernel's programs
 * kept a list of members with each choice (P_CHOICE), choices could be tristate, named and optional.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ast } from './ast.js';
import { Builder, type Diagnosis } from './build.js';
import { RecursionCheck } from './check-recursion.js';
import { DraftNode, SymbolTable, type DraftProperty, type DraftSymbol } from './drafts.js';
import { at, KconfigError, type Diagnostic } from './errors.js';
import { ExpressionPool, type Interned } from './expressions.js';
import { Finalizer } from './finalize.js';
import type { Choice, Dialect, Output, Reverse, Space } from './model.js';
import { Simplifier } from './simplify.js';
import { item } from './items.js';

/** The rules by which a kernel tree's own programs go; the latest where it has none. */
export function dialectOf(tree: string): Dialect {
  try {
    const header = readFileSync(join(tree, 'scripts/kconfig/expr.h'), 'utf8');
    return /\bP_CHOICE\b/.test(header) ? '6.1' : '6.12';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '6.12';
    throw error;
  }
}

/** Gathers messages, and faults, after which no space can be made. */
class Report implements Diagnosis {
  readonly messages: Output[] = [];
  private readonly faults: Diagnostic[] = [];

  warn(position: { file: string; line: number }, text: string): void {
    this.messages.push({ stream: 'stderr', text: `${at(position)}:warning: ${text}\n` });
  }

  say(text: string): void {
    this.messages.push({ stream: 'stdout', text: `${text}\n` });
  }

  problem(position: { file: string; line: number } | undefined, text: string): void {
    if (position) this.faults.push({ position, text: `${at(position)}: ${text}` });
    else this.faults.push({ text });
  }

  /** @throws KconfigError if there was a fault */
  stopIfFaulty(): void {
    if (this.faults.length === 0) return;
    const said = this.messages.map(({ stream, text }) => ({
      severity: stream === 'stdout' ? ('info' as const) : ('warning' as const),
      text: text.slice(0, -1),
    }));
    throw new KconfigError(this.faults, said);
  }
}

/**
 * The space that the files describe.
 *
 * @throws KconfigError where the kernel's programs would give up: symbols that depend on themselves,
 * members of choices that cannot be members
 */
export function resolve(ast: Ast, dialect: Dialect): Space {
  const report = new Report();
  for (const { severity, text } of ast.messages) {
    report.messages.push({ stream: severity === 'info' ? 'stdout' : 'stderr', text: `${text}\n` });
  }
  const table = new SymbolTable();
  const pool = new ExpressionPool();
  const draft = new Builder(dialect, table, pool, report).build(ast);
  report.stopIfFaulty();
  const modules = draft.modules ?? table.no;
  const simplifier = new Simplifier(pool, table, dialect, (symbol, taken) => {
    report.say(`boolean symbol ${symbol.name} tested for 'm'? test forced to '${taken}'`);
  });
  const finalizer = new Finalizer(dialect, table, modules, pool, simplifier, report);
  finalizer.finalize(draft.root, false);
  const choices = complete(draft.root, table, pool, dialect);
  const hashed = table.hashed(dialect);
  const symbols = dialect === '6.1' ? hashed : inMenus(draft.root);
  check(table.symbols, pool.size, symbols, dialect, report);
  return {
    title: draft.title,
    root: draft.root,
    byName: table.byName(),
    symbols: table.symbols,
    hashed,
    dialect,
    choices,
    messages: report.messages,
    ...(draft.modules && { modules: draft.modules }),
    yes: table.yes,
    module: table.module,
    no: table.no,
  };
}

function check(
  all: readonly DraftSymbol[],
  expressions: number,
  symbols: Iterable<DraftSymbol>,
  dialect: Dialect,
  report: Report,
): void {
  const recursion = new RecursionCheck(dialect, all, expressions, (text) => {
    report.problem(undefined, text);
  });
  for (const symbol of symbols) recursion.check(symbol);
  if (dialect === '6.12') {
    for (const { isChoice, nodes } of all) {
      if (isChoice) nodes.forEach((node) => checkMembers(node, report));
    }
  }
  report.stopIfFaulty();
}

function forEachNode(root: DraftNode, visit: (node: DraftNode) => void): void {
  for (const node of root.children) {
    visit(node);
    forEachNode(node, visit);
  }
}

function inMenus(root: DraftNode): DraftSymbol[] {
  const symbols: DraftSymbol[] = [];
  forEachNode(root, ({ symbol }) => {
    if (symbol) symbols.push(symbol);
  });
  return symbols;
}

function checkMembers(choice: DraftNode, report: Report): void {
  forEachNode(choice, (node) => {
    for (const property of node.symbol?.properties ?? []) {
      if (property.kind === 'default') {
        report.problem(property.position, 'error: defaults for choice values not supported');
      }
      if (property.kind !== 'prompt' || property.menu || property.node === node) continue;
      if (property.node.parent !== node.parent) {
        report.problem(
          property.position,
          'error: choice value has a prompt outside its choice group',
        );
      }
    }
  });
}

/** Fills the model's own fields, now that nothing moves any more. */
function complete(
  root: DraftNode,
  table: SymbolTable,
  pool: ExpressionPool,
  dialect: Dialect,
): Choice[] {
  const yes = pool.symbol(table.yes);
  completeNode(root, yes);
  for (const symbol of table.symbols) completeProperties(symbol, yes);
  link(table.symbols);
  const choices: Choice[] = [];
  for (const symbol of table.symbols) {
    symbol.dependency = symbol.directDependency ?? askedAnywhere(symbol, pool) ?? yes;
    if (!symbol.isChoice) continue;
    const node = item(symbol.nodes, 0);
    const { members, optional } = symbol;
    symbol.ownChoice = { symbol, members, optional, node };
    choices.push(symbol.ownChoice);
  }
  for (const symbol of table.symbols) {
    if (symbol.isChoice) continue;
    const choice = dialect === '6.1' ? symbol.memberOf : choiceAbove(symbol);
    symbol.choice = choice?.ownChoice;
  }
  return choices;
}

function askedAnywhere(symbol: DraftSymbol, pool: ExpressionPool): Interned | undefined {
  let asked: Interned | undefined;
  for (const node of symbol.nodes) asked = pool.or(asked, node.dependency);
  return asked;
}

/** The choice that the first place with a prompt is in. */
function choiceAbove(symbol: DraftSymbol): DraftSymbol | undefined {
  let node = symbol.nodes.find((each) => each.prompt !== undefined)?.parent;
  while (node && !node.symbol) node = node.parent;
  return node?.symbol?.isChoice ? node.symbol : undefined;
}

function completeNode(node: DraftNode, yes: Interned): void {
  node.dependency = node.draftDependency ?? yes;
  const { draftPrompt } = node;
  if (draftPrompt) {
    node.prompt = completed(draftPrompt, yes);
  }
  if (node.first === undefined) return;
  const children: DraftNode[] = [];
  for (let child: DraftNode | undefined = node.first; child; child = child.next) {
    children.push(child);
    completeNode(child, yes);
  }
  node.children = children;
}

/** The property as the model wants it: with a condition. */
function completed<T extends DraftProperty>(property: T, yes: Interned): T & Conditional {
  property.condition ??= yes;
  return property as T & Conditional;
}

interface Conditional {
  readonly condition: Interned;
}

function completeProperties(symbol: DraftSymbol, yes: Interned): void {
  const { properties } = symbol;
  for (const property of properties) {
    switch (property.kind) {
      case 'prompt':
        symbol.prompts = [...symbol.prompts, completed(property, yes)];
        break;
      case 'default':
        symbol.defaults = [...symbol.defaults, completed(property, yes)];
        break;
      case 'range':
        symbol.ranges = [...symbol.ranges, completed(property, yes)];
        break;
      case 'select':
      case 'imply':
        completed(property, yes);
    }
  }
}

/** Lists who selects and implies whom, on both sides. */
function link(symbols: readonly DraftSymbol[]): void {
  const collect = (kind: 'select' | 'imply'): void => {
    const by = new Map<DraftSymbol, Reverse[]>();
    for (const symbol of symbols) {
      const own: Reverse[] = [];
      for (const property of symbol.properties) {
        if (property.kind !== kind) continue;
        const reverse = property as DraftProperty & Conditional & { kind: 'select' };
        own.push(reverse);
        const others = by.get(reverse.target);
        if (others) others.push(reverse);
        else by.set(reverse.target, [reverse]);
      }
      if (own.length > 0) symbol[kind === 'select' ? 'selects' : 'implies'] = own;
    }
    for (const [target, all] of by) target[kind === 'select' ? 'selectedBy' : 'impliedBy'] = all;
  };
  collect('select');
  collect('imply');
}
