/**
 * A monitor's process, whichever monitor it is: started so that it dies with this one, on one processor
 * where it is measured, and watched to its end. What its end means is for the monitor's own module, with
 * the help of what all have in common.
 */

import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { LupineError, isSystemError } from '../support/errors.js';
import { LAUNCHER } from './launcher.js';
import type { VmConfig, VmEnd } from './types.js';

/** Kept of what it says on stderr: the last bytes. */
const KEEP_BYTES = 64 * 1024;

export interface ChildOptions {
  /** Its standard error is a pipe: it is read here. */
  readonly stdio: StdioOptions;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export class MonitorChild {
  readonly process: ChildProcess;
  /** Fulfils when it is gone and everything that it said is read. */
  readonly gone: Promise<void>;
  #spawnError: Error | undefined;
  #stderr = '';
  #killed = false;
  #exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;

  /** @param command the monitor's program and its arguments. */
  constructor(command: readonly string[], { hostCpu }: VmConfig, options: ChildOptions) {
    // Before the monitor is there: a sandbox of its own may not let it choose its processors.
    const pinned = hostCpu === undefined ? [] : ['taskset', '-c', String(hostCpu)];
    const args = [...LAUNCHER, String(process.pid), ...pinned, ...command];
    this.process = spawn('setpriv', args, { ...options, detached: true });
    this.gone = this.#watch();
  }

  /** 0 where it could not be started. */
  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** The last of what it said. */
  get stderr(): string {
    return this.#stderr;
  }

  get exited(): boolean {
    return this.#exit !== undefined;
  }

  /** True when it ended by itself, and well. */
  get succeeded(): boolean {
    return this.#exit?.code === 0;
  }

  /** True when somebody asked for its end. */
  get killed(): boolean {
    return this.#killed;
  }

  /** Ends it because somebody asked for that. */
  kill(): void {
    if (this.exited) return;
    this.#killed = true;
    this.end();
  }

  /** Ends it for a reason of the monitor's own. */
  end(): void {
    this.process.kill('SIGKILL');
  }

  /** @throws LupineError where it was never started, for want of a program. */
  checkStarted(): void {
    if (!isSystemError(this.#spawnError, 'ENOENT')) return;
    throw new LupineError('a program is missing', {
      where: 'setpriv',
      fix: 'apt-get install util-linux',
    });
  }

  /** The failure to start it, if it is one. */
  get unstarted(): VmEnd | undefined {
    return this.#spawnError === undefined ? undefined : failed(this.#spawnError.message);
  }

  /** The failure that its status tells, if it does. @param complaint its own words for it. */
  failure(complaint: string | undefined): VmEnd | undefined {
    if (this.succeeded) return undefined;
    const { code, signal } = this.#exit ?? { code: null, signal: null };
    return failed(complaint ?? (signal === null ? `status ${code ?? ''}` : `killed by ${signal}`));
  }

  async #watch(): Promise<void> {
    const { stderr } = this.process;
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEEP_BYTES);
    });
    const said = new Promise<void>((done) => stderr?.once('close', () => done()) ?? done());
    const exited = new Promise<void>((done) => {
      this.process.once('error', (error) => {
        this.#spawnError = error;
        done();
      });
      this.process.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        done();
      });
    });
    await Promise.all([exited, said]);
  }
}

export function failed(reason: string): VmEnd {
  return { kind: 'failed', reason };
}

/** An end without a failure: by the guest's order, unless it never said a word. */
export function guestEnd({ memoryMiB }: VmConfig, receivedBytes: number): VmEnd {
  if (receivedBytes > 0) return { kind: 'shutdown' };
  return failed(
    `the kernel ended before its first word; ${memoryMiB} MiB of memory are probably too little`,
  );
}
