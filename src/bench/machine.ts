/** Where figures were made: without it they say nothing. */

import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpus: number;
  readonly cpu: string;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Over 1, 5 and 15 minutes. Above the number of CPUs, wall-clock times are not to be trusted. */
  readonly load: readonly number[];
}

export function thisMachine(): Machine {
  return {
    cpus: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.versions.node,
    load: loadavg(),
  };
}
