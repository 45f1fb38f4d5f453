/**
 * Runs a program and says what it took: wall-clock time from its exec, processor time of it and all
 * its descendants, and the most memory they had at one time. On a busy machine processor time is the
 * figure to trust.
 */

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { LupineError, isSystemError } from '../support/errors.js';
import { lastWords } from '../support/process.js';

export interface Cost {
  /** CLOCK_MONOTONIC at exec, in nanoseconds. */
  readonly startedAt: bigint;
  readonly wallMs: number;
  /** User and system. */
  readonly cpuMs: number;
  /** The largest resident set of one process. */
  readonly peakProcessMiB: number;
  /**
   * The most that all processes had together, each page counted once (their proportional set sizes,
   * sampled); 0 unless asked for.
   */
  readonly peakTogetherMiB: number;
}

export interface MeasureOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Statuses that are no failure; only 0 unless told. */
  readonly accept?: readonly number[];
  readonly sampleMemory?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Of samples of memory: dense enough for anything that lasts a second. */
const SAMPLE_MS = 100;

/**
 * @param tool the compiled `measure`.
 * @throws LupineError where the program fails.
 */
export async function measure(
  tool: string,
  command: readonly string[],
  options: MeasureOptions = {},
): Promise<Cost> {
  options.signal?.throwIfAborted();
  const child = spawn(tool, command, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    detached: true,
  });
  const pid = child.pid ?? 0;
  // The group, so that no descendant outlives an interrupted measurement.
  const abort = () => process.kill(-pid, 'SIGTERM');
  options.signal?.addEventListener('abort', abort, { once: true });
  const sampler = options.sampleMemory === true ? sampleMemory(pid) : undefined;
  try {
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    const outputs = Promise.all([text(child.stderr as Readable), text(child.stdio[3] as Readable)]);
    const [complaints, report] = await Promise.race([outputs, failed]);
    options.signal?.throwIfAborted();
    const [start = '0', end = '0', ...numbers] = report.trim().split(' ');
    const [user = 0, system = 0, peakKiB = 0, status = -1] = numbers.map(Number);
    // The wait status of wait(2): the exit code is its second byte, a signal its first.
    if ((status & 0x7f) !== 0 || !(options.accept ?? [0]).includes(status >> 8)) {
      throw new LupineError('a measured program failed', {
        where: `${command.join(' ')}: ${lastWords(complaints)}`,
      });
    }
    return {
      startedAt: BigInt(start),
      wallMs: Number(BigInt(end) - BigInt(start)) / 1e6,
      cpuMs: (user + system) / 1000,
      peakProcessMiB: peakKiB / 1024,
      peakTogetherMiB: (sampler?.peakKiB() ?? 0) / 1024,
    };
  } finally {
    sampler?.stop();
    options.signal?.removeEventListener('abort', abort);
  }
}

function sampleMemory(root: number): { peakKiB: () => number; stop: () => void } {
  let peak = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const sample = async () => {
    peak = Math.max(peak, await memoryBelow(root));
    if (!stopped) timer = setTimeout(() => void sample(), SAMPLE_MS);
  };
  void sample();
  return {
    peakKiB: () => peak,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** KiB of all descendants of a process. */
async function memoryBelow(pid: number): Promise<number> {
  const children = (await proc(`${pid}/task/${pid}/children`)).split(' ').filter(Boolean);
  const parts = await Promise.all(
    children.map(async (child) => {
      const [, own = 0] = /^Pss:\s+(\d+) kB$/m.exec(await proc(`${child}/smaps_rollup`)) ?? [];
      return Number(own) + (await memoryBelow(Number(child)));
    }),
  );
  return parts.reduce((sum, part) => sum + part, 0);
}

/** Empty for a process that has just ended. */
async function proc(path: string): Promise<string> {
  try {
    return await readFile(`/proc/${path}`, 'utf8');
  } catch (error) {
    if (isSystemError(error)) return '';
    throw error;
  }
}
