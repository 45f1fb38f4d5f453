/**
 * The files that are written of a configuration, byte for byte as the kernel's programs write them:
 * `.config`, a minimal defconfig, and what the kernel's build reads (auto.conf, autoconf.h, rustc_cfg).
 * Each function computes what it needs, and leaves the configuration as it is.
 */

import type { ChoiceEvaluator } from './evaluate-choices.js';
import type { ConfigSymbol, MenuNode } from './model.js';
import { PREFIX, quote } from './read-config.js';
import { item } from './items.js';

function isLogical({ type }: ConfigSymbol): boolean {
  return type === 'bool' || type === 'tristate';
}

/** `CONFIG_FOO=y`, or as much of it as there is, with its newline. `n` says how n is written. */
export function assignment(
  evaluator: ChoiceEvaluator,
  symbol: ConfigSymbol,
  n: 'n' | 'not set' | 'nothing' = 'not set',
  quoted = true,
): string {
  if (symbol.type === 'unknown') return '';
  const value = evaluator.textNow(symbol);
  if (isLogical(symbol) && value === 'n' && n !== 'n') {
    return n === 'not set' ? `# ${PREFIX}${symbol.name} is not set\n` : '';
  }
  return `${PREFIX}${symbol.name}=${symbol.type === 'string' && quoted ? quote(value) : value}\n`;
}

function heading(evaluator: ChoiceEvaluator, before: string, line: string, after: string): string {
  const { title } = evaluator.space;
  return `${before}\n${line} Automatically generated file; DO NOT EDIT.\n${line} ${title}\n${after}\n`;
}

/** Whether a menu or comment is shown, or an option, or something in an option that is on. */
export function isVisible(evaluator: ChoiceEvaluator, node: MenuNode): boolean {
  const { prompt, visibility, symbol } = node;
  if (prompt === undefined) return false;
  if (visibility && evaluator.evaluate(visibility) === 0) return false;
  if (symbol) evaluator.calculate(symbol);
  if (evaluator.promptShown(prompt, symbol)) return true;
  if (!symbol || evaluator.tristates[symbol.index] === 0) return false;
  if (!node.children.some((child) => isVisible(evaluator, child))) return false;
  if (evaluator.space.dialect === '6.1') evaluator.decided[symbol.index] = 1;
  return true;
}

/** The text of a `.config`. */
export function formatConfig(evaluator: ChoiceEvaluator): string {
  const parts = [heading(evaluator, '#', '#', '#')];
  const seen = new Uint8Array(evaluator.space.symbols.length);
  let gap = false;
  const writeNode = (node: MenuNode): void => {
    const { symbol, prompt } = node;
    if (symbol === undefined) {
      if (prompt && isVisible(evaluator, node)) {
        parts.push(`\n#\n# ${prompt.text}\n#\n`);
        gap = false;
      }
    } else if (!symbol.isChoice && seen[symbol.index] === 0) {
      evaluator.calculate(symbol);
      if (evaluator.written[symbol.index] === 1) {
        if (gap) parts.push('\n');
        gap = false;
        seen[symbol.index] = 1;
        parts.push(assignment(evaluator, symbol));
      }
    }
    node.children.forEach(writeNode);
    if (prompt && node.kind === 'menu' && isVisible(evaluator, node)) {
      parts.push(`# end of ${prompt.text}\n`);
      gap = true;
    }
  };
  evaluator.space.root.children.forEach(writeNode);
  return parts.join('');
}

/** The value that a symbol would have if the user said nothing, as savedefconfig judges it. */
function defaultOf(evaluator: ChoiceEvaluator, symbol: ConfigSymbol): string {
  const { index, type } = symbol;
  evaluator.calculateVisibility(symbol);
  evaluator.calculateModules();
  if (!isLogical(symbol)) {
    const text = evaluator.defaultText(symbol) ?? '';
    if (text !== '' || type === 'string' || evaluator.space.dialect === '6.1') return text;
    return type === 'hex' ? '0x0' : '0';
  }
  const { modules } = evaluator.space;
  let value = Math.max(evaluator.defaultTristate(symbol), item(evaluator.reverse, index));
  const hasModules = modules !== undefined && evaluator.tristates[modules.index] !== 0;
  if (value === 1 && !hasModules && !evaluator.isMember(symbol)) value = 2;
  if (value === 1 && type === 'bool') value = 2;
  return 'nmy'.charAt(Math.max(value, item(evaluator.implied, index)));
}

/** Only what differs from the defaults: what `make savedefconfig` writes. */
export function formatDefconfig(evaluator: ChoiceEvaluator): string {
  evaluator.restart();
  const lines: string[] = [];
  const walk = (node: MenuNode): void => {
    const { symbol } = node;
    if (symbol && !symbol.isChoice && isWorthSaving(evaluator, symbol)) {
      lines.push(assignment(evaluator, symbol));
    }
    node.children.forEach(walk);
  };
  evaluator.space.root.children.forEach(walk);
  evaluator.forget();
  return lines.join('');
}

function isWorthSaving(evaluator: ChoiceEvaluator, symbol: ConfigSymbol): boolean {
  const { index } = symbol;
  evaluator.calculate(symbol);
  if (evaluator.written[index] === 0) return false;
  evaluator.written[index] = 0;
  if (!evaluator.isChangeable(symbol)) return false;
  if (evaluator.textNow(symbol) === defaultOf(evaluator, symbol)) return false;
  const { choice } = symbol;
  if (choice === undefined || evaluator.choiceDefault(choice) !== symbol) return true;
  // What a choice falls back to need not be said, unless the choice may be left open.
  return choice.optional || symbol.type !== 'bool' || evaluator.tristates[index] !== 2;
}

/** Symbols that are written at all, in the order of the kernel's hash table. */
function* toBuild(evaluator: ChoiceEvaluator): Generator<ConfigSymbol> {
  const { hashed } = evaluator.space;
  for (const symbol of hashed) evaluator.calculate(symbol);
  for (const symbol of hashed) {
    if (evaluator.written[symbol.index] === 1 && symbol.name !== '' && symbol.type !== 'unknown') {
      yield symbol;
    }
  }
}

/** The text of include/config/auto.conf. */
export function formatAutoConf(evaluator: ChoiceEvaluator): string {
  const parts = [heading(evaluator, '#', '#', '#')];
  for (const symbol of toBuild(evaluator)) {
    parts.push(assignment(evaluator, symbol, 'nothing', false));
  }
  return parts.join('');
}

function hexadecimal(symbol: ConfigSymbol, value: string): string {
  return symbol.type === 'hex' && !/^0[xX]/.test(value) ? `0x${value}` : value;
}

/** The text of include/generated/autoconf.h. */
export function formatAutoHeader(evaluator: ChoiceEvaluator): string {
  const parts = [heading(evaluator, '/*', ' *', ' */')];
  for (const symbol of toBuild(evaluator)) {
    const value = evaluator.textNow(symbol);
    const name = `#define ${PREFIX}${symbol.name}`;
    if (isLogical(symbol)) {
      if (value !== 'n') parts.push(`${name}${value === 'm' ? '_MODULE' : ''} 1\n`);
    } else {
      const text = symbol.type === 'string' ? quote(value) : hexadecimal(symbol, value);
      parts.push(`${name} ${text}\n`);
    }
  }
  return parts.join('');
}

/** The text of include/generated/rustc_cfg. */
export function formatRustcCfg(evaluator: ChoiceEvaluator): string {
  const parts: string[] = [];
  for (const symbol of toBuild(evaluator)) {
    const value = evaluator.textNow(symbol);
    const name = `--cfg=${PREFIX}${symbol.name}`;
    if (isLogical(symbol)) {
      if (value === 'n') continue;
      parts.push(`${name}\n`);
    }
    parts.push(`${name}=${quote(hexadecimal(symbol, value))}\n`);
  }
  return parts.join('');
}
