/** Which option an object of a built kernel is there for, by the Makefile lines that name its source. */

import { posix } from 'node:path';
import type { OptionFacts } from '../kconfig/source/index.js';
import { always } from './features.js';

interface Candidate {
  readonly option: string;
  /** Options that must be on as well. */
  readonly with: readonly string[];
  /** Files that the option has a part in: of two options, the one with less is the closer reason. */
  readonly files: number;
}

/**
 * Finds the option of an object: of those that its own lines ask for the one that compiles least, else
 * that of the nearest directory around it. Undefined where it is in every kernel, or where nobody knows.
 * @param facts what the source tree says of its options, by name.
 * @param config the text of the kernel's `.config`: only what is built in counts.
 * @returns takes a path relative to the tree, without `.o`.
 */
export function findOptions(
  facts: ReadonlyMap<string, OptionFacts>,
  config: string,
): (object: string) => string | undefined {
  const on = new Set([...config.matchAll(/^CONFIG_(\w+)=y$/gm)].map(([, name = '']) => name));
  const candidates = candidatesIn(facts);
  const optionAt = (path: string): string | undefined =>
    (candidates.get(path) ?? [])
      .filter((one) => [one.option, ...one.with].every((name) => on.has(name)))
      .sort((a, b) => a.files - b.files)[0]?.option;
  return (object) => {
    let found = optionAt(object);
    let directory = posix.dirname(object);
    while (found === undefined && directory !== '.') {
      found = optionAt(`${directory}/`);
      directory = posix.dirname(directory);
    }
    return found;
  };
}

/** By source file without its ending, and by directory with its slash. */
function candidatesIn(facts: ReadonlyMap<string, OptionFacts>): Map<string, Candidate[]> {
  const found = new Map<string, Candidate[]>();
  for (const [option, { files, directories }] of facts) {
    if (always.has(option)) continue;
    const all = directories.reduce((sum, directory) => sum + directory.files, files.length);
    for (const { path, with: others } of [...files, ...directories]) {
      const key = path.replace(/\.\w+$/, '');
      const candidate = { option, with: others, files: all };
      const list = found.get(key);
      if (list === undefined) found.set(key, [candidate]);
      else list.push(candidate);
    }
  }
  return found;
}
