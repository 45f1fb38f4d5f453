/** Small spaces from text, and configurations of them, for tests. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEvaluator } from '../../../../src/kconfig/evaluate-choices.js';
import { parseKconfig } from '../../../../src/kconfig/load.js';
import type { ConfigSymbol, Dialect, Space } from '../../../../src/kconfig/model.js';
import { resolve } from '../../../../src/kconfig/resolve.js';
import type { Settings } from '../../../../src/kconfig/solve/task.js';
import type { Base } from '../../../../src/kconfig/solve/want.js';

export function spaceOf(text: string, dialect: Dialect = '6.12'): Space {
  const tree = mkdtempSync(join(tmpdir(), 'lupine-want-'));
  try {
    writeFileSync(join(tree, 'Kconfig'), text);
    const ast = parseKconfig({ tree, environment: {}, shell: () => '' });
    return resolve(ast, dialect);
  } finally {
    rmSync(tree, { recursive: true });
  }
}

export function baseOf(space: Space, user: Settings): Base & { readonly warnings: string[] } {
  const warnings: string[] = [];
  const evaluator = createEvaluator(space, (output) => warnings.push(output.text));
  evaluator.forgetDecisions();
  for (const [symbol, value] of user) {
    evaluator.decided[symbol.index] = 1;
    evaluator.userTristates[symbol.index] = value === 'y' ? 2 : value === 'm' ? 1 : 0;
    evaluator.userTexts[symbol.index] = value;
    evaluator.decidedForMember(symbol);
  }
  evaluator.restart();
  const computed = (symbol: ConfigSymbol) => {
    evaluator.calculate(symbol);
    return symbol.index;
  };
  for (const symbol of space.symbols) computed(symbol);
  return {
    space,
    warnings,
    value: (symbol) => evaluator.textNow(symbol),
    tristate: (symbol) => evaluator.tristates[computed(symbol)] as 0 | 1 | 2,
    visibility: (symbol) => evaluator.visible[computed(symbol)] as 0 | 1 | 2,
    evaluate: (expression) => evaluator.evaluate(expression),
    userValue: (symbol) => user.get(symbol),
    with: (more) => baseOf(space, new Map([...user, ...more])),
  };
}

/** As `conf --allnoconfig` has it. */
export function allNo(space: Space): Base {
  const user = new Map<ConfigSymbol, string>();
  for (const symbol of space.symbols) {
    const logical = symbol.type === 'bool' || symbol.type === 'tristate';
    if (!logical || symbol.constant || symbol.isChoice || symbol.prompts.length === 0) continue;
    if (symbol.choice === undefined) user.set(symbol, 'n');
  }
  return baseOf(space, user);
}
