/** One QEMU process: its launch, the proof that it runs, and the reason of its end. */

import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { LupineError, isSystemError } from '../support/errors.js';
import { RecordedConsole, SerialConsole } from './console.js';
import { consoleFile, descriptors, qemuArgs } from './qemu-args.js';
import { LAUNCHER } from './launcher.js';
import { lastComplaint, qemuError } from './qemu-errors.js';
import { QmpClient, type QmpEvent } from './qmp.js';
import type { RunningVm, VmConfig, VmEnd } from './types.js';

/** Kept of what QEMU says on stderr: the last bytes. */
const KEEP_BYTES = 64 * 1024;

/**
 * Milliseconds for QEMU to end after its guest has. QEMU 7.2 sometimes never does: a question that reaches
 * it as it shuts down is waited for and not answered.
 */
const SHUTDOWN_LIMIT = 5_000;

/**
 * Starts QEMU and waits until it has set up the whole machine and runs the guest.
 * @throws LupineError with QEMU's reason when it does not come that far; the signal's reason.
 */
export async function launchQemu(
  program: string,
  vm: VmConfig,
  tscKhz: number | undefined,
  signal?: AbortSignal,
): Promise<RunningVm> {
  const qemu = new QemuProcess(program, vm, tscKhz);
  const abort = () => qemu.kill();
  signal?.addEventListener('abort', abort, { once: true });
  void qemu.ended.then(() => signal?.removeEventListener('abort', abort));
  try {
    await qemu.running();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  return {
    pid: qemu.pid,
    ports: vm.network.mode === 'user' ? vm.network.ports : [],
    console: qemu.console,
    ended: qemu.ended,
    kill: () => qemu.kill(),
  };
}

class QemuProcess {
  readonly console: SerialConsole | RecordedConsole;
  readonly ended: Promise<VmEnd>;
  readonly #child: ChildProcess;
  readonly #qmp: QmpClient;
  readonly #vm: VmConfig;
  #spawnError: Error | undefined;
  #stderr = '';
  #killed = false;
  /** What QMP said of the end: by the guest's order, or why the monitor could not go on. */
  #guestEnded = false;
  #failure: string | undefined;
  #exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;

  constructor(program: string, vm: VmConfig, tscKhz: number | undefined) {
    this.#vm = vm;
    const command = [program, ...qemuArgs(vm, tscKhz)];
    // Before QEMU is there: its sandbox does not let it choose its processors.
    const pinned = vm.hostCpu === undefined ? [] : ['taskset', '-c', String(vm.hostCpu)];
    this.#child = spawn('setpriv', [...LAUNCHER, String(process.pid), ...pinned, ...command], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, TMPDIR: vm.directory },
    });
    this.console =
      vm.countInstructions === true
        ? new RecordedConsole(consoleFile(vm))
        : new SerialConsole(this.#child.stdio[descriptors.console] as Socket);
    this.ended = this.#watchEnd();
    this.#qmp = new QmpClient(
      this.#child.stdio[descriptors.qmp] as Socket,
      (event) => this.#onEvent(event),
      () => this.#giveUp('QEMU does not speak QMP'),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(): void {
    if (this.#exit !== undefined) return;
    this.#killed = true;
    this.#child.kill('SIGKILL');
  }

  /** Fulfils once the guest runs (or has already run to its end). */
  async running(): Promise<void> {
    const status = await this.#qmp.execute('query-status').catch(() => undefined);
    if (status !== undefined) {
      await this.#checkStatus(status);
      return;
    }
    const end = await this.ended;
    // A guest that was quicker than QMP: how it ended is for `ended` to tell.
    if (this.#guestEnded || this.#exit?.code === 0) return;
    if (isSystemError(this.#spawnError, 'ENOENT')) {
      throw new LupineError('a program is missing', {
        where: 'setpriv',
        fix: 'apt-get install util-linux',
      });
    }
    throw qemuError(this.#stderr, end.kind === 'failed' ? end.reason : 'it was killed');
  }

  #onEvent({ event, data }: QmpEvent): void {
    if (event === 'SHUTDOWN' && data['guest'] === true) {
      this.#guestEnded = true;
      // The guest is over and its disks are written: nothing is lost with the process. The word may come
      // after QEMU's exit; then nobody waits for the limit.
      if (this.#exit === undefined) {
        const limit = setTimeout(() => this.#child.kill('SIGKILL'), SHUTDOWN_LIMIT).unref();
        this.#child.once('exit', () => clearTimeout(limit));
      }
    }
    if (event === 'SHUTDOWN' && data['reason'] === 'host-signal') {
      this.#failure = 'QEMU was told to end by a signal';
    }
    // Nobody here ever pauses a VM: QEMU did, because it cannot go on, and would wait for ever.
    if (event === 'STOP') {
      void this.#qmp.execute('query-status').then(
        (status) => this.#checkStatus(status),
        () => undefined,
      );
    }
  }

  /** Ends a VM that QEMU keeps but will never run again, e.g. after KVM failed to emulate. */
  async #checkStatus(status: unknown): Promise<void> {
    const { running, status: state } = status as { running?: unknown; status?: unknown };
    // After the guest's own end QEMU is on its way out; `shutdown` is no failure.
    if (running === true || this.#guestEnded || state === 'shutdown') return;
    this.#giveUp(`QEMU stopped the VM (${String(state)})`);
    await this.ended;
  }

  #giveUp(why: string): void {
    this.#failure = why;
    this.#child.kill('SIGKILL');
  }

  async #watchEnd(): Promise<VmEnd> {
    const { stderr } = this.#child;
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEEP_BYTES);
    });
    const said = new Promise<void>((done) => stderr?.once('close', () => done()) ?? done());
    const exited = new Promise<void>((done) => {
      this.#child.once('error', (error) => {
        this.#spawnError = error;
        done();
      });
      this.#child.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        done();
      });
    });
    await Promise.all([exited, said]);
    await this.console.drained();
    return this.#verdict();
  }

  #verdict(): VmEnd {
    if (this.#spawnError !== undefined) return failed(this.#spawnError.message);
    const complaint = lastComplaint(this.#stderr);
    if (this.#failure !== undefined) {
      return failed([this.#failure, complaint].filter(Boolean).join(': '));
    }
    if (this.#killed && !this.#guestEnded) return { kind: 'killed' };
    const { code, signal } = this.#exit ?? { code: null, signal: null };
    if (code !== 0 && !this.#guestEnded) {
      return failed(
        complaint ?? (signal === null ? `status ${code ?? ''}` : `killed by ${signal}`),
      );
    }
    if (this.console.received === 0) {
      return failed(
        `the kernel ended before its first word; ${this.#vm.memoryMiB} MiB of memory are probably too little`,
      );
    }
    return { kind: 'shutdown' };
  }
}

function failed(reason: string): VmEnd {
  return { kind: 'failed', reason };
}
