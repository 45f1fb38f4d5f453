/** The command line as a user has it: the compiled program as a child, and what it leaves behind. */

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stateDirectory } from '../../src/support/paths.js';

export const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Result {
  /** As a shell sees it: 128 + number where a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Written to stdin, which ends after it. Without: no stdin. */
  readonly input?: string | Buffer;
  readonly cwd?: string;
  /** A command that runs the one that follows it, as `nsenter` does. */
  readonly within?: readonly string[];
}

/** All that run, for {@link killAll}. */
const running = new Set<Lupine>();

/** A running `lupine`. */
export class Lupine {
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #over = false;
  readonly ended: Promise<Result>;

  constructor(args: readonly string[], options: CliOptions = {}) {
    const command = [...(options.within ?? []), process.execPath, '--', program, ...args];
    this.#child = spawn(command[0] ?? '', command.slice(1), {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.#child.stdout?.on('data', (data: Buffer) => (this.#stdout += data.toString()));
    this.#child.stderr?.on('data', (data: Buffer) => (this.#stderr += data.toString()));
    this.#child.stdin?.on('error', () => undefined).end(options.input);
    running.add(this);
    this.ended = new Promise((done) => {
      this.#child.once('close', (code, signal) => {
        running.delete(this);
        this.#over = true;
        const status = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
        done({ status, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Everything it has said, for messages of failed tests. */
  get said(): string {
    return `${this.#stdout}\n--- stderr:\n${this.#stderr}`;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Waits until stdout holds a text. @throws when it ends before. */
  async says(text: string): Promise<void> {
    while (!this.#stdout.includes(text)) {
      if (this.#over) throw new Error(`ended before it said '${text}':\n${this.said}`);
      await sleep(20);
    }
  }

  /** The port of this machine that leads to a port of the guest published as `-p PORT`. */
  async port(guest: number): Promise<number> {
    const line = new RegExp(`^lupine: 127\\.0\\.0\\.1:(\\d+) -> ${guest}/tcp$`, 'm');
    for (;;) {
      const found = line.exec(this.#stderr)?.[1];
      if (found !== undefined) return Number(found);
      if (this.#over) throw new Error(`ended before it published ${guest}:\n${this.said}`);
      await sleep(20);
    }
  }
}

/** Runs a command to its end. */
export function lupine(args: readonly string[], options: CliOptions = {}): Promise<Result> {
  return new Lupine(args, options).ended;
}

/** Ends what a failed test left running; for `afterEach`. */
export async function killAll(): Promise<void> {
  const left = [...running];
  for (const one of left) one.signal('SIGKILL');
  await Promise.all(left.map(({ ended }) => ended));
}

/**
 * Instances, directories and monitors that belong to a `lupine run`, alive or dead.
 * @param state the state directory it had.
 */
export function leftovers(pid: number, state = stateDirectory()): string[] {
  const instances = join(state, 'instances');
  const ours = list(instances).filter((name) => {
    if (name.startsWith(`.tmp-${pid}-`)) return true;
    return text(join(instances, name, 'state.json')).includes(`"pid":${pid},`);
  });
  const monitors = monitorsOf(state).filter(({ place }) => {
    return ours.includes(place) || !existsSync(join(instances, place));
  });
  return [...ours, ...monitors.map((one) => `qemu ${one.pid}`)];
}

/** The monitors that run for instances of a state directory, each with the directory it was given. */
export function monitorsOf(state = stateDirectory()): { pid: number; place: string }[] {
  const instances = join(state, 'instances');
  return list('/proc').flatMap((entry) => {
    const command = /^\d+$/.test(entry) ? text(join('/proc', entry, 'cmdline')) : '';
    const at = command.indexOf(`${instances}/`);
    if (at === -1 || !command.includes('-initrd\0')) return [];
    const [place = ''] = command.slice(at + instances.length + 1).split('/');
    return [{ pid: Number(entry), place }];
  });
}

/** Repeats until it does not throw. @throws the last error after the limit, in milliseconds. */
export async function eventually<T>(attempt: () => Promise<T> | T, limit = 120_000): Promise<T> {
  const end = Date.now() + limit;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(200);
    }
  }
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
