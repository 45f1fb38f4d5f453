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
import {
  DraftNode,
  SymbolTable,
  type DraftPrompt,
  type DraftProperty,
  type DraftSymbol,
} from './drafts.js';
import { at, KconfigError, type Diagnostic } from './errors.js';
import { ExpressionPool, type Interned } from './expressions.js';
import { Finalizer } from './finalize.js';
import type { Choice, Dialect, Output, Prompt, Space } from './model.js';
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
  const choices = complete(draft.root, table, pool, simplifier, dialect);
  const hashed = table.hashed(dialect);
  check(
    draft.root,
    table.symbols,
    dialect === '6.1' ? hashed : inMenus(draft.root),
    dialect,
    report,
  );
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
  root: DraftNode,
  all: readonly DraftSymbol[],
  symbols: Iterable<DraftSymbol>,
  dialect: Dialect,
  report: Report,
): void {
  const recursion = new RecursionCheck(dialect, all, (text) => {
    report.problem(undefined, text);
  });
  for (const symbol of symbols) recursion.check(symbol);
  if (dialect === '6.12') forEachNode(root, (node) => checkMembers(node, report));
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
  if (!choice.symbol?.isChoice) return;
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
  simplifier: Simplifier,
  dialect: Dialect,
): Choice[] {
  const yes = pool.symbol(table.yes);
  completeNode(root, yes, simplifier);
  for (const symbol of table.symbols) {
    for (const property of symbol.properties) completeProperty(symbol, property, yes);
  }
  const choices: Choice[] = [];
  for (const symbol of table.symbols) {
    const asked = symbol.nodes.reduce<Interned | undefined>(
      (sofar, node) => pool.or(sofar, node.dependency),
      undefined,
    );
    symbol.dependency = symbol.directDependency ?? asked ?? yes;
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

/** The choice that the first place with a prompt is in. */
function choiceAbove(symbol: DraftSymbol): DraftSymbol | undefined {
  let node = symbol.nodes.find((each) => each.prompt !== undefined)?.parent;
  while (node && !node.symbol) node = node.parent;
  return node?.symbol?.isChoice ? node.symbol : undefined;
}

function completeNode(node: DraftNode, yes: Interned, simplifier: Simplifier): void {
  node.dependency = node.draftDependency ?? yes;
  const { draftPrompt } = node;
  if (draftPrompt) {
    node.prompt = promptOf(draftPrompt, yes);
    node.promptAsDependency = simplifier.equal(node.draftDependency, draftPrompt.condition);
  }
  for (let child = node.first; child; child = child.next) {
    node.children.push(child);
    completeNode(child, yes, simplifier);
  }
}

function promptOf(property: DraftPrompt, yes: Interned): Prompt {
  const { text, node, position } = property;
  return { text, condition: property.condition ?? yes, node, position };
}

function completeProperty(symbol: DraftSymbol, property: DraftProperty, yes: Interned): void {
  const { node, position } = property;
  const condition = property.condition ?? yes;
  switch (property.kind) {
    case 'prompt':
      // A prompt that another followed in the same entry counts as well.
      symbol.prompts.push(
        node.draftPrompt === property && node.prompt ? node.prompt : promptOf(property, yes),
      );
      break;
    case 'default':
      symbol.defaults.push({ value: property.value, condition, node, position });
      break;
    case 'select':
    case 'imply': {
      const { target } = property;
      const reverse = { by: symbol, target, condition, node, position };
      (property.kind === 'select' ? symbol.selects : symbol.implies).push(reverse);
      (property.kind === 'select' ? target.selectedBy : target.impliedBy).push(reverse);
      break;
    }
    case 'range':
      symbol.ranges.push({
        low: property.low,
        high: property.high,
        condition,
        node,
        position,
      });
  }
}
