/** What the directories and the options of Linux cost a kernel: the bytes of its objects, added up. */

import { addUp, costsBy, directoryOf, type ObjectSize } from '../kernel/index.js';
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
    for (const { name, bytes } of addUp(objects, topDirectory)) {
      most.set(name, Math.max(bytes, most.get(name) ?? 0));
    }
  }
  const names = [...most].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([name]) => name);
  return names.length <= MOST_DIRECTORIES ? names : [...names.slice(0, MOST_DIRECTORIES), OTHERS];
}

/** A value in bytes for each of these directories. @param directories of {@link largestDirectories}. */
export function directoryCosts({ objects }: Measured, directories: readonly string[]): Value[] {
  const costs = addUp(objects, (object) => {
    const directory = topDirectory(object);
    return directories.includes(directory) ? directory : OTHERS;
  });
  const sums = new Map(costs.map(({ name, bytes }) => [name, bytes]));
  return directories.map((metric) => ({ metric, value: sums.get(metric) ?? 0 }));
}

/**
 * The options whose objects take most of a kernel, then what is left of those that an application asks for.
 * @param asked names of the application's options; those that are off in this kernel do not count.
 */
export function optionTable({ name, config, objects }: Measured, asked: readonly string[]): Table {
  const wanted = new Set(asked.filter((option) => config.includes(`\nCONFIG_${option}=y\n`)));
  const costs = costsBy(objects, 'option').flatMap((cost) =>
    cost.name === null
      ? []
      : [{ option: cost.name, size: formatSize(cost.bytes), count: cost.objects }],
  );
  const dear = costs.filter(({ option }, index) => index < MOST_OPTIONS || wanted.has(option));
  const costly = new Set(costs.map(({ option }) => option));
  const free = [...wanted]
    .filter((option) => !costly.has(option))
    .sort()
    .map((option) => ({ option, size: 'no file of its own', count: 0 }));
  const rows = [...dear, ...free].map(({ option, size, count }) => [
    option,
    size,
    String(count),
    wanted.has(option) ? 'yes' : '',
  ]);
  return {
    title: `Options that cost most in ${name}, and all that the application asks for`,
    columns: ['option', 'size', 'objects', 'asked for'],
    rows,
  };
}

/** `mm/`; of `arch/` the architecture. */
function topDirectory(object: ObjectSize): string {
  return directoryOf(object, 1);
}
