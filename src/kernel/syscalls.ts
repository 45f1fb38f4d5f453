/** A built kernel against what an application needs of it, before it is ever booted. */

import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { LupineError } from '../support/errors.js';
import { featureTableSchema } from './features.js';
import type { FeatureTable } from './features.js';
import { presentSyscalls } from './syscall-table.js';
import type { Kernel } from './types.js';

/** Reads what a kernel's line can offer, from beside it. */
export async function readFeatures(kernel: Pick<Kernel, 'features'>): Promise<FeatureTable> {
  return v.parse(featureTableSchema, JSON.parse(await readFile(kernel.features, 'utf8')));
}

/** A needed system call that a kernel lacks. */
export interface MissingSyscall {
  readonly name: string;
  /** What gives it; empty when nothing is known to. */
  readonly options: readonly string[];
}

/**
 * Which of these system calls a built kernel lacks: to be asked before it is booted.
 * @throws LupineError for a name that is no system call of this line.
 */
export async function findMissingSyscalls(
  kernel: Pick<Kernel, 'features' | 'systemMap' | 'version'>,
  needed: readonly string[],
): Promise<MissingSyscall[]> {
  const table = Object.entries((await readFeatures(kernel)).syscalls).map(([nr, call]) => ({
    ...call,
    nr: Number(nr),
  }));
  const present = presentSyscalls(await readFile(kernel.systemMap, 'utf8'), table);
  return needed.flatMap((name) => {
    const call = table.find((one) => one.name === name);
    if (call === undefined) {
      throw new LupineError('no such system call', {
        where: `${name} in Linux ${kernel.version}`,
        fix: 'correct the manifest; names are those of syscalls(2)',
      });
    }
    return present.has(name) ? [] : [{ name, options: call.options }];
  });
}
