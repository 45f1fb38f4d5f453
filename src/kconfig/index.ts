/**
 * Linux's configuration language, for whoever configures kernels: reads the Kconfig files of a source
 * tree, computes configurations by the kernel's own rules, and writes what its own programs would write.
 *
 *     const kconfig = Kconfig.load({ tree: 'linux-6.12', arch: 'x86_64' });
 *     const configuration = kconfig.configuration();
 *     configuration.read(await readFile('.config', 'utf8'), '.config');
 *     configuration.value(kconfig.space.byName.get('SMP'));
 */

export type {
  Ast,
  AstEntry,
  AstExpression,
  AstProperty,
  Comparison,
  Message,
  Position,
  Tristate,
} from './ast.js';
export { Configuration, type ConfigFormat } from './configuration.js';
export { KconfigError, type Diagnostic } from './errors.js';
export { Kconfig, type LoadOptions } from './kconfig.js';
export { mergeFragments } from './kernel-targets.js';
export type {
  Choice,
  ConfigSymbol,
  Default,
  Dialect,
  Expression,
  MenuNode,
  Output,
  Prompt,
  Range,
  Reverse,
  Space,
  SymbolType,
  Values,
} from './model.js';
export type { Target, TargetOptions, TargetResult } from './targets.js';
export { diff, type Change, type Cause, type MenuChanges, type Side } from './diff.js';
export {
  explain,
  type DefinitionView,
  type Explanation,
  type Link,
  type OptionValue,
} from './explain.js';
export { minimise, type Dropped, type Kept, type MinimiseResult } from './minimise.js';
export type { Need, PlacedNeed } from './needs.js';
export { reasonsOf, type Reason } from './reasons.js';
export { allNo, baseOf } from './solve/base.js';
export type { Rule } from './solve/rules.js';
export { tellRule } from './solve/tell.js';
export {
  want,
  type Answer,
  type Base,
  type Setting,
  type WantOptions,
  type WantResult,
} from './solve/want.js';
export { WantError, type WantProblem } from './solve/wanted.js';
export { whyNot, type Fix, type Obstacle, type WhyNot } from './why-not.js';
export { Written } from './written.js';
