/** Where figures were made, and what else the machine did meanwhile. */

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import type { Choice, Monitor } from '../monitor/index.js';
import type { Machine } from './results.js';

export function describeMachine(
  monitor: Pick<Monitor, 'name' | 'version'>,
  { accelerator, reason }: Choice,
): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.versions.node,
    monitor: `${monitor.name} ${monitor.version}`,
    accelerator,
    ...(reason === undefined ? {} : { reason }),
  };
}

export interface Noise {
  /** Load average of the last minute, at the end. */
  readonly load: number;
  /** Time of all CPUs that other VMs of the same host took, in percent. */
  readonly stealPercent: number;
}

/** Begins to watch the host; the function returned says what it did since. */
export function watchHost(): () => Noise {
  const before = cpuTimes();
  return () => {
    const after = cpuTimes();
    const all = after.all - before.all;
    return {
      load: loadavg()[0] ?? 0,
      stealPercent: all === 0 ? 0 : (100 * (after.steal - before.steal)) / all,
    };
  };
}

function cpuTimes(): { all: number; steal: number } {
  return parseCpuTimes(readFileSync('/proc/stat', 'utf8'));
}

/**
 * The first line of /proc/stat: clock ticks of all CPUs since boot (proc_stat(5)). Guest time (the
 * last two fields) is counted in user and nice already.
 */
export function parseCpuTimes(stat: string): { all: number; steal: number } {
  const fields = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').slice(0, 8).map(Number);
  return { all: fields.reduce((sum, field) => sum + field, 0), steal: fields[7] ?? 0 };
}
