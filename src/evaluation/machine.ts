/** Where figures were made, and what else the machine did meanwhile. */

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import type { Accelerator, Choice, Monitor } from '../monitor/index.js';
import type { Machine } from './results.js';

/** With fewer the rest of the host, Lupine included, would have to share the VM's own. */
const ENOUGH_CPUS = 4;

/**
 * The processor of the host on which VMs are measured: the last, which interrupts like least. Undefined where
 * there are too few, and for counted instructions, which are the same anywhere.
 * @param allowed numbers, ascending.
 */
export function measuringCpu(
  accelerator: Accelerator,
  allowed: readonly number[],
): number | undefined {
  return accelerator === 'tcg' || allowed.length < ENOUGH_CPUS ? undefined : allowed.at(-1);
}

/** The processors that this process may use, ascending. */
export function allowedCpus(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  return parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '');
}

/** `0,2-3`, as in proc_pid_status(5) and cpuset(7). */
export function parseCpuList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

export function describeMachine(
  monitor: Pick<Monitor, 'name' | 'version'>,
  { accelerator, reason }: Choice,
  hostCpu: number | undefined,
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
    ...(hostCpu === undefined ? {} : { hostCpu }),
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
