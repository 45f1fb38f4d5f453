/** By what the evaluation's VMs run: KVM where a guest survives it, otherwise counted instructions. */

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bootProof,
  chooseAccelerator,
  type Accelerator,
  type Choice,
  type Monitor,
} from '../monitor/index.js';
import { benchArchive, writeInitrd } from './guest/vm.js';

/** Milliseconds of a boot that proves an accelerator. */
const LIMIT_MS = 15_000;
const MEMORY_MIB = 256;

/** @param kernel asked for only where KVM must be tried. */
export async function chooseFor(
  monitor: Monitor,
  directory: string,
  kernel: () => Promise<string>,
  signal: AbortSignal | undefined,
): Promise<Choice> {
  const prove = async (accelerator: Accelerator): Promise<string | undefined> => {
    const own = await mkdtemp(join(directory, 'proof-'));
    try {
      const bench = { monitor, accelerator, directory: own };
      const vm = {
        name: 'proof',
        kernel: await kernel(),
        initrd: await writeInitrd(bench, await benchArchive('first')),
        cmdline: 'quiet',
        memoryMiB: MEMORY_MIB,
        cpus: 1,
        accelerator,
        disks: [],
        network: { mode: 'none' },
        directory: own,
      } as const;
      const alive = (output: Buffer) => output.includes('bench: end');
      return await bootProof(monitor, vm, { alive, limit: LIMIT_MS, signal });
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  };
  return chooseAccelerator({ monitor, prove });
}
