/** One Firecracker process: its launch, the proof that it runs, and the reason of its end. */

import { constants, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { LupineError } from '../support/errors.js';
import { failed, guestEnd, MonitorChild } from './child.js';
import { ConsolePipe } from './console-pipe.js';
import { SerialConsole } from './console.js';
import { FirecrackerApi } from './firecracker-api.js';
import { files, firecrackerArgs, firecrackerConfig } from './firecracker-config.js';
import { firecrackerError, kvmFailure, lastComplaint } from './firecracker-errors.js';
import { makeJail } from './jail.js';
import type { RunningVm, VmConfig, VmEnd } from './types.js';

/** Milliseconds until it must have set up the machine. */
const START_LIMIT = 30_000;

interface Place {
  readonly command: readonly string[];
  /** Firecracker's root or current directory, as it is seen from here. */
  readonly directory: string;
  readonly remove?: () => Promise<void>;
}

/**
 * Starts Firecracker and waits until it has set up the whole machine and runs the guest.
 * @throws LupineError with Firecracker's reason when it does not come that far; the signal's reason.
 */
export async function launchFirecracker(
  program: string,
  vm: VmConfig,
  signal?: AbortSignal,
): Promise<RunningVm> {
  const place = await placeOf(program, vm);
  const pipe = await ConsolePipe.make(vm.directory);
  const firecracker = new FirecrackerProcess(place, vm, pipe);
  const abort = () => firecracker.kill();
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true });
  void firecracker.ended.then(() => signal?.removeEventListener('abort', abort));
  try {
    await firecracker.running();
  } catch (error) {
    firecracker.kill();
    signal?.throwIfAborted();
    throw error;
  }
  return {
    pid: firecracker.pid,
    ports: [],
    console: firecracker.console,
    ended: firecracker.ended,
    kill: () => firecracker.kill(),
  };
}

async function placeOf(program: string, vm: VmConfig): Promise<Place> {
  const jailed = vm.jail === undefined ? undefined : await makeJail(program, vm, vm.jail);
  const directory = jailed?.root ?? vm.directory;
  if (jailed !== undefined) return { ...jailed, directory };
  await writeFile(join(directory, files.config), JSON.stringify(firecrackerConfig(vm)));
  return { command: [program, ...firecrackerArgs(), '--id', 'vm'], directory };
}

class FirecrackerProcess {
  readonly console: SerialConsole;
  readonly ended: Promise<VmEnd>;
  readonly #child: MonitorChild;
  readonly #vm: VmConfig;
  readonly #place: Place;
  readonly #pipe: ConsolePipe;
  /** Aborted when the process is gone: nobody answers any more. */
  readonly #gone = new AbortController();
  #log = '';

  constructor(place: Place, vm: VmConfig, pipe: ConsolePipe) {
    this.#vm = vm;
    this.#place = place;
    this.#pipe = pipe;
    this.#child = new MonitorChild(place.command, vm, {
      stdio: ['pipe', pipe.writer, 'pipe'],
      cwd: place.directory,
    });
    this.console = new SerialConsole(pipe.reader, this.#child.process.stdin as Writable);
    this.ended = this.#watchEnd();
  }

  get pid(): number {
    return this.#child.pid;
  }

  kill(): void {
    this.#child.kill();
  }

  /** Fulfils once the guest runs (or has already run to its end). */
  async running(): Promise<void> {
    const limit = AbortSignal.timeout(START_LIMIT);
    // By way of the directory, since a socket's path may have 107 bytes only (unix(7)).
    const directory = await open(this.#place.directory, constants.O_DIRECTORY);
    const api = new FirecrackerApi(`/proc/self/fd/${directory.fd}/${files.socket}`);
    try {
      await api.state(AbortSignal.any([this.#gone.signal, limit]));
    } catch (error) {
      if (this.#gone.signal.aborted) {
        await this.#endedEarly();
        return;
      }
      if (!limit.aborted) throw error;
      throw new LupineError('Firecracker does not answer', { where: `${START_LIMIT / 1000} s` });
    } finally {
      await directory.close();
    }
    await this.#pipe.wait();
    this.#pipe.close();
  }

  /** A guest that was quicker than the API is no failure: how it ended is for `ended` to tell. */
  async #endedEarly(): Promise<void> {
    const end = await this.ended;
    if (this.#child.succeeded) return;
    this.#child.checkStarted();
    const said = `${this.#child.stderr}\n${this.#log}`;
    throw firecrackerError(said, end.kind === 'failed' ? end.reason : 'it was killed');
  }

  async #watchEnd(): Promise<VmEnd> {
    await this.#child.gone;
    this.#pipe.close();
    this.#log = await readFile(join(this.#place.directory, files.log), 'utf8').catch(() => '');
    await this.#place.remove?.();
    this.#gone.abort();
    await this.console.drained();
    return this.#verdict();
  }

  #verdict(): VmEnd {
    if (this.#child.unstarted !== undefined) return this.#child.unstarted;
    const unrunnable = kvmFailure(this.#log);
    if (unrunnable !== undefined) return failed(`KVM gave up on the guest: ${unrunnable}`);
    if (this.#child.killed) return { kind: 'killed' };
    const complaint = lastComplaint(this.#log) ?? lastComplaint(this.#child.stderr);
    return this.#child.failure(complaint) ?? guestEnd(this.#vm, this.console.received);
  }
}
