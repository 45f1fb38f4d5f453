/** Options that a `.config` does not decide, for listnewconfig and helpnewconfig. */

import type { ChoiceEvaluator } from './evaluate-choices.js';
import { describe } from './describe.js';
import type { ConfigSymbol, MenuNode, Output } from './model.js';
import { assignment, isVisible } from './write-config.js';

/** One line for each visible option that is not decided, or its help. */
export function listNew(evaluator: ChoiceEvaluator, help: boolean): Output[] {
  const found: Output[] = [];
  const walk = (node: MenuNode): void => {
    if (!isVisible(evaluator, node)) return;
    const { symbol } = node;
    if (symbol && isNew(evaluator, symbol)) {
      const text = help
        ? `-----\n\n${describe(evaluator, node, symbol)}\n-----\n`
        : assignment(evaluator, symbol, 'n');
      if (help || symbol.name !== '') found.push({ stream: 'stdout', text });
    }
    node.children.forEach(walk);
  };
  walk(evaluator.space.root);
  return found;
}

function isNew(evaluator: ChoiceEvaluator, symbol: ConfigSymbol): boolean {
  if (evaluator.decided[symbol.index] === 1) return false;
  if (evaluator.isChangeable(symbol)) return true;
  const { dialect } = evaluator.space;
  return dialect === '6.1' && symbol.isChoice && evaluator.tristates[symbol.index] === 2;
}
