/** What running VMs take of this machine: what the kernel says of their monitors in /proc. */

import { readFileSync } from 'node:fs';
import { isAlive } from '../support/alive.js';
import type { StoredInstance } from './stored.js';

export interface Usage {
  readonly id: string;
  readonly name: string;
  /** Of one CPU of the host, in percent, since the sample before; since its start in the first. */
  readonly cpuPercent: number;
  /** Resident, the monitor's own included. */
  readonly memoryBytes: number;
  /** What the guest has. */
  readonly memoryLimitBytes: number;
  /** From and to the disks of the host; what its page cache holds does not count. */
  readonly readBytes: number;
  readonly writtenBytes: number;
}

interface Sample {
  readonly cpuSeconds: number;
  /** Seconds since boot. */
  readonly at: number;
}

/** USER_HZ, which is 100 on every Linux that QEMU runs on. */
const TICKS = 100;

const MIB = 1024 * 1024;

/** Takes samples, each compared with the one before. */
export class UsageMeter {
  #before = new Map<string, Sample>();

  /** Of those that run; others are left out. */
  sample(instances: readonly StoredInstance[]): Usage[] {
    const now = new Map<string, Sample>();
    const usages = instances.flatMap((instance) => {
      const { record, state } = instance;
      if (state.monitor === null || !isAlive(state.monitor)) return [];
      const { pid, start } = state.monitor;
      const found = readMonitor(pid);
      if (found === undefined) return [];
      const at = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
      const before = this.#before.get(record.id) ?? { cpuSeconds: 0, at: Number(start) / TICKS };
      now.set(record.id, { cpuSeconds: found.cpuSeconds, at });
      const passed = Math.max(at - before.at, 1 / TICKS);
      return {
        id: record.id,
        name: record.name,
        cpuPercent: Math.max(0, ((found.cpuSeconds - before.cpuSeconds) / passed) * 100),
        memoryBytes: found.memoryBytes,
        memoryLimitBytes: record.memoryMiB * MIB,
        readBytes: found.readBytes,
        writtenBytes: found.writtenBytes,
      };
    });
    this.#before = now;
    return usages;
  }
}

/** Undefined where it has just ended. */
function readMonitor(pid: number) {
  try {
    const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
    return parseUsage(read('stat'), read('status'), read('io'));
  } catch {
    return undefined;
  }
}

/** Sources: proc_pid_stat(5), proc_pid_status(5), proc_pid_io(5). */
export function parseUsage(stat: string, status: string, io: string) {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
    memoryBytes: field(status, /^VmRSS:\s+(\d+) kB$/m) * 1024,
    readBytes: field(io, /^read_bytes: (\d+)$/m),
    writtenBytes: field(io, /^write_bytes: (\d+)$/m),
  };
}
