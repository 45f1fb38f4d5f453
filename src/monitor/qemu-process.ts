/** One QEMU process: its launch, the proof that it runs, and the reason of its end. */

import type { Socket } from 'node:net';
import { failed, guestEnd, MonitorChild } from './child.js';
import { RecordedConsole, SerialConsole } from './console.js';
import { consoleFile, descriptors, qemuArgs } from './qemu-args.js';
import { lastComplaint, qemuError } from './qemu-errors.js';
import { QmpClient, type QmpEvent } from './qmp.js';
import type { RunningVm, VmConfig, VmEnd } from './types.js';

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
  readonly #child: MonitorChild;
  readonly #qmp: QmpClient;
  readonly #vm: VmConfig;
  /** What QMP said of the end: by the guest's order, or why the monitor could not go on. */
  #guestEnded = false;
  #failure: string | undefined;

  constructor(program: string, vm: VmConfig, tscKhz: number | undefined) {
    this.#vm = vm;
    this.#child = new MonitorChild([program, ...qemuArgs(vm, tscKhz)], vm, {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: vm.directory },
    });
    const { stdio } = this.#child.process;
    this.console =
      vm.countInstructions === true
        ? new RecordedConsole(consoleFile(vm))
        : new SerialConsole(stdio[descriptors.console] as Socket);
    this.ended = this.#watchEnd();
    this.#qmp = new QmpClient(
      stdio[descriptors.qmp] as Socket,
      (event) => this.#onEvent(event),
      () => this.#giveUp('QEMU does not speak QMP'),
    );
  }

  get pid(): number {
    return this.#child.pid;
  }

  kill(): void {
    this.#child.kill();
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
    if (this.#guestEnded || this.#child.succeeded) return;
    this.#child.checkStarted();
    throw qemuError(this.#child.stderr, end.kind === 'failed' ? end.reason : 'it was killed');
  }

  #onEvent({ event, data }: QmpEvent): void {
    if (event === 'SHUTDOWN' && data['guest'] === true) {
      this.#guestEnded = true;
      // The guest is over and its disks are written: nothing is lost with the process. The word may come
      // after QEMU's exit; then nobody waits for the limit.
      if (!this.#child.exited) {
        const limit = setTimeout(() => this.#child.end(), SHUTDOWN_LIMIT).unref();
        this.#child.process.once('exit', () => clearTimeout(limit));
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
    this.#child.end();
  }

  async #watchEnd(): Promise<VmEnd> {
    await this.#child.gone;
    await this.console.drained();
    return this.#verdict();
  }

  #verdict(): VmEnd {
    if (this.#child.unstarted !== undefined) return this.#child.unstarted;
    const complaint = lastComplaint(this.#child.stderr);
    if (this.#failure !== undefined) {
      return failed([this.#failure, complaint].filter(Boolean).join(': '));
    }
    if (this.#child.killed && !this.#guestEnded) return { kind: 'killed' };
    const failure = this.#guestEnded ? undefined : this.#child.failure(complaint);
    return failure ?? guestEnd(this.#vm, this.console.received);
  }
}
