/**
 * Processes named for good: a pid alone is soon another's, with the time of its start and the boot of
 * the machine it is one process only.
 */

import { readFileSync } from 'node:fs';
import { isSystemError } from './errors.js';

export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly start: string;
  /** The machine's boot. */
  readonly boot: string;
}

/** The process with this pid now; undefined when there is none, or only its unread status. */
export function processId(pid: number): ProcessId | undefined {
  const start = startTimeOf(pid);
  return start === undefined ? undefined : { pid, start, boot: bootId() };
}

/** This process. */
export function thisProcess(): ProcessId {
  return { pid: process.pid, start: startTimeOf(process.pid) ?? '0', boot: bootId() };
}

/** True while exactly this process runs. */
export function isAlive({ pid, start, boot }: ProcessId): boolean {
  return boot === bootId() && startTimeOf(pid) === start;
}

let boot: string | undefined;

function bootId(): string {
  boot ??= (read('/proc/sys/kernel/random/boot_id') ?? '').trim();
  return boot;
}

/** Source: proc_pid_stat(5), fields 3 and 22. A name in field 2 may hold anything, parentheses too. */
function startTimeOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const dead = fields[0] === 'Z' || fields[0] === 'X';
  return dead ? undefined : fields[19];
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
