/**
 * The keeper of a VM: the process that holds it, `lupine run` in the foreground or one of its own in
 * the background. The VM cannot outlive it. It writes the state and answers others on the control
 * socket. What it does between boots is for its caller: `boot`, wait, `conclude`, again or `close`.
 */

import { rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Accelerator, PortMapping } from '../monitor/index.js';
import { processId, thisProcess } from '../support/alive.js';
import { LupineError } from '../support/errors.js';
import type { Answer, Client, ControlServer, Request } from './control.js';
import { tell } from './events.js';
import { files, type InstanceState } from './record.js';
import type { InstanceEnd } from './start.js';
import { bootDirectory, discard, withLock, writeState } from './change.js';
import { isKept, readInstance, type StoredInstance } from './stored.js';

/** A VM as its keeper has it. */
export interface KeptVm {
  readonly monitorPid: number;
  readonly accelerator: Accelerator;
  readonly ports: readonly PortMapping[];
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<InstanceEnd>;
  signal(number: number): void;
  resize(rows: number, columns: number): void;
  kill(): void;
}

/** Starts the VM. @param directory private to this boot. @param signal ends it, whenever that is. */
export type Boot<Vm> = (directory: string, signal: AbortSignal) => Promise<Vm>;

export interface Ending {
  /** As a shell has it. */
  readonly exitCode: number;
  /** Why, where the application did not end by itself. */
  readonly error: string | null;
}

const SIGKILL = constants.signals.SIGKILL;

/** Of a VM that went down without its application's status. */
const CRASHED = 125;

/** How a VM's end looks to a shell. */
export function endingOf(end: InstanceEnd): Ending {
  switch (end.kind) {
    case 'exited':
      return { exitCode: end.code, error: null };
    case 'signalled':
      return { exitCode: 128 + end.signal, error: null };
    case 'killed':
      return { exitCode: 128 + SIGKILL, error: null };
    case 'crashed':
      return { exitCode: CRASHED, error: end.reason };
  }
}

/** Makes this process the keeper of an instance. @throws LupineError when another is, or it is gone. */
export async function takeOver(id: string): Promise<StoredInstance> {
  return withLock(id, async (current) => {
    // A new one still belongs to the process that made it for us.
    if (isKept(current) && current.state.status !== 'created') {
      throw new LupineError('the VM runs already', { where: current.record.name });
    }
    const state: InstanceState = {
      ...current.state,
      status: 'starting',
      owner: thisProcess(),
      monitor: null,
      ports: [],
      error: null,
      restarts: 0,
    };
    await writeState(current, state);
    return { ...current, state };
  });
}

export class Keeper<Vm extends KeptVm> {
  readonly #instance: StoredInstance;
  #state: InstanceState;
  #server: ControlServer | undefined;
  #vm: Vm | undefined;
  #abort = new AbortController();
  #signalAtStart: number | undefined;
  #ending: Ending = { exitCode: CRASHED, error: 'it was not started' };
  /** Somebody asked for the end: the restart policy has nothing more to say. */
  readonly #stopped = new AbortController();
  readonly #waiting: ((ending: Ending) => void)[] = [];
  readonly #attached = new Set<Client>();

  /** @param instance of this process. */
  constructor(instance: StoredInstance) {
    this.#instance = instance;
    this.#state = instance.state;
  }

  /** Begins to answer others; until then they wait. */
  async listen(): Promise<void> {
    const { serveControl } = await import('./control.js');
    this.#server = await serveControl(this.#instance.directory, (request, client) =>
      this.#answer(request, client).catch((error: unknown): Answer => ({
        error: error instanceof LupineError ? error.line : String(error),
      })),
    );
  }

  /** Aborted once somebody asked for the end. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Starts the VM. @throws what the boot does. */
  async boot(boot: Boot<Vm>): Promise<Vm> {
    this.#abort = new AbortController();
    const directory = await bootDirectory(this.#instance);
    const vm = await boot(directory, this.#abort.signal);
    this.#vm = vm;
    try {
      await this.#started(vm);
    } catch (error) {
      // A VM that nobody can know of must not run.
      vm.kill();
      await vm.ended;
      throw error;
    }
    return vm;
  }

  async #started(vm: Vm): Promise<void> {
    await this.#write({
      status: 'running',
      monitor: processId(vm.monitorPid) ?? null,
      accelerator: vm.accelerator,
      ports: [...vm.ports],
      startedAt: new Date().toISOString(),
      finishedAt: null,
    });
    if (this.#signalAtStart !== undefined) vm.signal(this.#signalAtStart);
    await tell(this.#record(), 'start');
  }

  /** Passes output on to who attached. */
  output(stream: 'stdout' | 'stderr', data: Buffer): void {
    if (this.#attached.size === 0) return;
    const output = { stream, data: data.toString('base64') };
    for (const client of this.#attached) client.send(output);
  }

  /** Writes down how a boot ended. @param restarting it is not the last one. */
  async conclude(ending: Ending, restarting: boolean): Promise<void> {
    this.#vm = undefined;
    this.#ending = ending;
    // First: on a full disk this makes the room that the state needs.
    await rm(join(this.#instance.directory, files.boot), { recursive: true, force: true });
    const { restarts } = this.#state;
    await this.#write({
      status: restarting ? 'restarting' : 'exited',
      monitor: null,
      ports: [],
      finishedAt: new Date().toISOString(),
      ...ending,
      restarts: restarting ? restarts + 1 : restarts,
    });
    await tell(this.#record(), 'die', { exitCode: String(ending.exitCode) });
    if (restarting) this.#tellEnding(ending);
  }

  /** Lets go of the instance, which is removed where it is not to stay. */
  async close(): Promise<void> {
    if (this.#state.status === 'restarting') await this.#write({ status: 'exited' });
    await rm(join(this.#instance.directory, files.control), { force: true });
    // Before anybody hears of the end: who waited for it may use the name again.
    const { removeAtEnd } = this.#instance.record;
    if (removeAtEnd) await discard({ ...this.#instance, record: this.#record() });
    this.#tellEnding(this.#ending);
    await this.#server?.close();
  }

  #tellEnding(ending: Ending): void {
    for (const answer of this.#waiting.splice(0)) answer(ending);
  }

  /** Asks the application to end; ends the VM after so many milliseconds. */
  stop(timeout: number): void {
    this.#stopped.abort();
    this.#signal(this.#instance.record.stopSignal);
    const timer = setTimeout(() => this.kill(), timeout);
    this.#waiting.push(() => clearTimeout(timer));
  }

  /** Ends the VM at once. */
  kill(): void {
    this.#stopped.abort();
    if (this.#vm === undefined) this.#abort.abort(new LupineError('killed', { exitCode: 137 }));
    this.#vm?.kill();
  }

  #signal(number: number): void {
    if (this.#vm === undefined) this.#signalAtStart = number;
    else this.#vm.signal(number);
  }

  /** Its name may have changed since. */
  #record(): StoredInstance['record'] {
    try {
      return readInstance(this.#instance.id).record;
    } catch {
      return this.#instance.record;
    }
  }

  async #write(change: Partial<InstanceState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    await writeState(this.#instance, this.#state);
  }

  async #answer(request: Request, client: Client): Promise<Answer> {
    switch (request.op) {
      case 'signal':
        await tell(this.#record(), 'kill', { signal: String(request.number) });
        // As in docker: who is told to end is not started again.
        if (request.number === this.#instance.record.stopSignal) this.#stopped.abort();
        this.#signal(request.number);
        return { ok: true };
      case 'kill': {
        await tell(this.#record(), 'kill', { signal: String(SIGKILL) });
        const ended = this.#ended();
        this.kill();
        return ended;
      }
      case 'stop': {
        await tell(this.#record(), 'stop');
        const ended = this.#ended();
        this.stop(request.timeout);
        return ended;
      }
      case 'wait':
        return this.#ended();
      case 'resize':
        this.#vm?.resize(request.rows, request.columns);
        return { ok: true };
      case 'attach':
        if (this.#instance.record.foreground) {
          throw new LupineError('the output of this VM goes to the terminal it was started in');
        }
        this.#attached.add(client);
        client.onGone(() => this.#attached.delete(client));
        return { ok: true };
      case 'input': {
        const stdin = this.#vm?.stdin;
        if (request.data === null) stdin?.end();
        else {
          const data = Buffer.from(request.data, 'base64');
          // Answered when the guest has taken it: who sends can be slowed down.
          await new Promise<void>((taken) => {
            if (stdin === undefined || stdin.writableEnded) taken();
            else stdin.write(data, () => taken());
          });
        }
        return { ok: true };
      }
    }
  }

  async #ended(): Promise<Answer> {
    const { exitCode } = await new Promise<Ending>((resolve) => this.#waiting.push(resolve));
    return { ok: true, exitCode };
  }
}
