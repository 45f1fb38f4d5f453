/** What the directories and the options of Linux cost a kernel: the bytes of its objects, added up. */

import { bytesOf, type ObjectSize } from '../kernel/index.js';
import { formatSize } from '../support/size.js';
import type { Table, Value } from './results.js';

/** As many as a reader tells apart in a figure, and one for what is left. */
const MOST_DIRECTORIES = 11;
const OTHERS = 'others';
const MOST_OPTIONS = 20;

/** A kernel whose objects are known. */
export interface Measured {
  readonly name: string;
  /** The text of its `.config`. */
  readonly config: string;
  readonly objects: readonly ObjectSize[];
}

/** The top directories that take most in any of the kernels, the largest first; `others` where there are more. */
export function largestDirectories(kernels: readonly Measured[]): string[] {
  const most = new Map<string, number>();
  for (const { objects } of kernels) {
    for (const [directory, bytes] of sumBy(objects, directoryOf)) {
      most.set(directory, Math.max(bytes, most.get(directory) ?? 0));
    }
  }
  const names = descending(most).map(([name]) => name);
  return names.length <= MOST_DIRECTORIES ? names : [...names.slice(0, MOST_DIRECTORIES), OTHERS];
}

/** A value in bytes for each of these directories. @param directories of {@link largestDirectories}. */
export function directoryCosts({ objects }: Measured, directories: readonly string[]): Value[] {
  const sums = sumBy(objects, (object) => {
    const directory = directoryOf(object);
    return directories.includes(directory) ? directory : OTHERS;
  });
  return directories.map((metric) => ({ metric, value: sums.get(metric) ?? 0 }));
}

/**
 * The options whose objects take most of a kernel, then what is left of those that an application asks for.
 * @param asked names of the application's options; those that are off in this kernel do not count.
 */
export function optionTable({ name, config, objects }: Measured, asked: readonly string[]): Table {
  const bytes = sumBy(objects, ({ option }) => option);
  const wanted = new Set(asked.filter((option) => config.includes(`\nCONFIG_${option}=y\n`)));
  const costs = new Map([...[...wanted].map((option) => [option, 0] as const), ...bytes]);
  const rows = descending(costs)
    .filter(([option], index) => index < MOST_OPTIONS || wanted.has(option))
    .map(([option, cost]) => [
      option,
      cost === 0 ? 'no file of its own' : formatSize(cost),
      String(objects.filter((object) => object.option === option).length),
      wanted.has(option) ? 'yes' : '',
    ]);
  return {
    title: `Options that cost most in ${name}, and all that the application asks for`,
    columns: ['option', 'size', 'objects', 'asked for'],
    rows,
  };
}

/** `mm/`; of `arch/` the architecture. What belongs to no directory stands for itself. */
function directoryOf({ path }: ObjectSize): string {
  return /^(?:arch\/)?[^/]+\//.exec(path)?.[0] ?? path;
}

/** Bytes by key; what has none is left out. */
function sumBy(
  objects: readonly ObjectSize[],
  keyOf: (object: ObjectSize) => string | undefined,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const object of objects) {
    const key = keyOf(object);
    if (key !== undefined) sums.set(key, (sums.get(key) ?? 0) + bytesOf(object));
  }
  return sums;
}

function descending(sums: ReadonlyMap<string, number>): [string, number][] {
  return [...sums].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}
