/**
 * What the kernel's makefile composes of several targets: fragments merged over a configuration, and
 * `make tinyconfig`.
 */

import type { Space } from './model.js';
import { runTarget, type TargetOptions, type TargetResult } from './targets.js';

/** The options that a fragment says something about. */
function decidedIn(fragment: string): string[] {
  const names: string[] = [];
  for (const line of fragment.split('\n')) {
    const match = /^(?:(CONFIG_[A-Za-z0-9_]*)=|# (CONFIG_[A-Za-z0-9_]*) is not set$)/.exec(line);
    const name = match?.[1] ?? match?.[2];
    if (name !== undefined) names.push(name);
  }
  return names;
}

/**
 * A configuration with fragments put over it, each over those before, as the kernel's merge_config.sh
 * does: what a fragment speaks of is taken out of what was there, and the fragment comes last.
 */
export function mergeFragments(base: string, fragments: readonly string[]): string {
  let lines = base.split('\n');
  for (const fragment of fragments) {
    for (const name of decidedIn(fragment)) {
      const present = new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`);
      if (!lines.some((line) => present.test(line))) continue;
      const said = new RegExp(`${name}[ =]`);
      lines = lines.filter((line) => !said.test(line));
    }
    lines = [...lines, ...fragment.split('\n')];
  }
  return lines.join('\n');
}

/**
 * The smallest configuration: nothing but what `kernel/configs/tiny-base.config` and the fragments
 * called `tiny.config` say.
 *
 * @param arch the directory under arch/ that the space is of
 */
export function tinyconfig(
  space: Space,
  arch: string,
  options: Omit<TargetOptions, 'target' | 'defconfig'>,
): TargetResult {
  const { read, environment } = options;
  const base = 'kernel/configs/tiny-base.config';
  const fragments = [`kernel/configs/tiny.config`, `arch/${arch}/configs/tiny.config`];
  const seed = read(base) === undefined ? {} : { KCONFIG_ALLCONFIG: base };
  const first = runTarget(space, {
    ...options,
    target: 'allnoconfig',
    environment: { ...environment, ...seed },
  });
  if (first.written === undefined) return first;
  const texts = fragments.flatMap((name) => read(name) ?? []);
  const merged = mergeFragments(first.written, texts);
  const config = environment?.['KCONFIG_CONFIG'] ?? '.config';
  const second = runTarget(space, {
    ...options,
    target: 'olddefconfig',
    read: (name) => (name === config ? merged : read(name)),
  });
  return { ...second, output: [...first.output, ...second.output] };
}
