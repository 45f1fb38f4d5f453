/** What a kernel takes and for what: built kernels taken apart, alone or two beside each other. */

import { readFile } from 'node:fs/promises';
import {
  compareCosts,
  costsBy,
  measureSymbols,
  readObjects,
  type Cost,
  type CostChange,
  type CostKey,
  type Kernel,
  type ObjectSize,
  type SymbolSize,
} from '../kernel/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { buildKernels } from './kernels.js';
import { kernelNamed, type KernelChoice } from './questions.js';
import type { BuildOptions } from './types.js';

export type SizeKey = CostKey | 'symbol';

/** What a kernel is made of, the largest part first. */
export type KernelParts =
  | { readonly by: CostKey; readonly rows: readonly Cost[] }
  | { readonly by: 'symbol'; readonly rows: readonly SymbolSize[] };

/** Two kernels, labelled as they were named, the largest difference first. */
export interface KernelChanges {
  readonly before: Kernel;
  readonly after: Kernel;
  readonly by: SizeKey;
  readonly rows: readonly CostChange[];
}

/** The kernel that is asked about, built where it is not in the cache. @throws LupineError for several. */
export async function sizedKernel(choice: KernelChoice, context: Context): Promise<Kernel> {
  if (choice.apps.length > 1 || choice.variants.length > 1) {
    throw new LupineError('the size of one kernel at a time', {
      where: [...choice.apps, ...choice.variants].join(', '),
      fix: 'name one --app and one --variant; --diff compares two',
    });
  }
  const [kernel] = await buildKernels(choice.apps, choice.variants, choice.options, context);
  if (kernel === undefined) throw new Error('one choice is one kernel');
  return kernel;
}

/** @throws LupineError where nobody knows what the kernel's objects take. */
export async function kernelParts(kernel: Kernel, by: SizeKey): Promise<KernelParts> {
  if (by !== 'symbol') return { by, rows: costsBy(await kernelObjects(kernel), by) };
  const [vmlinux, map] = await Promise.all([
    readFile(kernel.vmlinux),
    readFile(kernel.systemMap, 'utf8'),
  ]);
  return { by, rows: measureSymbols(vmlinux, map) };
}

/** @throws LupineError where nobody knows. */
export async function kernelObjects(kernel: Kernel): Promise<ObjectSize[]> {
  const objects = await readObjects(kernel.objects);
  if (objects.length > 0) return objects;
  throw new LupineError('what the objects of this kernel take is not known', {
    where: `${kernel.label}, Linux ${kernel.version}, which is linked in another way than 6.1 and 6.12`,
    fix: 'use --by symbol',
  });
}

/** Compares two kernels. Each is named as for `diffKernels`, and built where need be. @throws LupineError */
export async function compareKernels(
  names: readonly [string, string],
  by: SizeKey,
  options: BuildOptions,
  context: Context,
): Promise<KernelChanges> {
  // Both names are looked at before anything is built.
  const [first, second] = names.map((name) => {
    const choice = kernelNamed(name);
    return { ...choice, options: { ...options, ...choice.options } };
  }) as [KernelChoice, KernelChoice];
  const before = { ...(await sizedKernel(first, context)), label: names[0] };
  const after = { ...(await sizedKernel(second, context)), label: names[1] };
  const costs = await Promise.all([before, after].map((kernel) => namedBytes(kernel, by)));
  return { before, after, by, rows: compareCosts(costs[0] ?? [], costs[1] ?? []) };
}

async function namedBytes(kernel: Kernel, by: SizeKey): Promise<Pick<Cost, 'name' | 'bytes'>[]> {
  const { rows } = await kernelParts(kernel, by);
  return rows.map(({ name, bytes }) => ({ name, bytes }));
}
