/** A state directory of a test's own, a small bundle, and what must be true whatever was killed. */

import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { eventually, Lupine, lupine, monitorsOf, type Result } from '../../support/cli.js';
import { smallImage } from '../../support/images.js';
import { testKernel, testKernelFlags } from '../../support/kernel.js';

/** A line of `lupine ps --json`. */
export interface Vm {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly exitCode: number | null;
  readonly error: string | null;
  readonly restarts: number;
  readonly ports: readonly { readonly hostPort: number; readonly guestPort: number }[];
}

export class Place {
  readonly state: string;
  readonly bundle: string;
  readonly #scratch: string;

  readonly #within: readonly string[];

  private constructor(scratch: string, state: string, within: readonly string[]) {
    this.#scratch = scratch;
    this.#within = within;
    this.state = state;
    this.bundle = join(scratch, 'bundle');
  }

  /** @param state elsewhere than beside the bundle. @param within a command that runs `lupine`. */
  static async make(state?: string, within: readonly string[] = []): Promise<Place> {
    await testKernel();
    const scratch = await mkdtemp(join(tmpdir(), 'lupine-life-'));
    const place = new Place(scratch, state ?? join(scratch, 'state'), within);
    const { reference } = await smallImage();
    await place.does('build', '-q', ...testKernelFlags, reference, '-o', place.bundle);
    return place;
  }

  start(...args: readonly string[]): Lupine {
    return new Lupine(args, this.#options);
  }

  run(...args: readonly string[]): Promise<Result> {
    return lupine(args, this.#options);
  }

  /** Runs a command with this on its stdin. */
  feed(input: string, ...args: readonly string[]): Promise<Result> {
    return lupine(args, { ...this.#options, input });
  }

  /** Runs a command that must succeed; what it printed. */
  async does(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...args);
    expect([args.join(' '), status, status === 0 ? '' : stderr]).toEqual([args.join(' '), 0, '']);
    return stdout;
  }

  /** The words after `run` for a shell script in the small image, with little memory. */
  script(text: string, ...flags: readonly string[]): string[] {
    return ['-m', '48M', '--entrypoint', '/bin/busybox', ...flags, this.bundle, 'sh', '-c', text];
  }

  /** Starts a script in the background; the VM's id. */
  async background(text: string, ...flags: readonly string[]): Promise<string> {
    return (await this.does('run', '-d', ...this.script(text, ...flags))).trim();
  }

  async all(): Promise<Vm[]> {
    return JSON.parse(await this.does('ps', '-a', '--json')) as Vm[];
  }

  async vm(reference: string): Promise<Vm> {
    const found = (await this.all()).find(({ id, name }) => id === reference || name === reference);
    if (found === undefined) throw new Error(`no VM ${reference}`);
    return found;
  }

  async logs(reference: string): Promise<string> {
    return this.does('logs', reference);
  }

  /** Waits until a VM has said something. */
  async says(reference: string, text: string): Promise<void> {
    await eventually(async () => expect(await this.logs(reference)).toContain(text));
  }

  /** What `ps` says is so, and nothing is there of which it does not tell. */
  async isTrue(): Promise<void> {
    await eventually(async () => {
      const vms = await this.all();
      const ids = vms.map(({ id }) => id).sort();
      const up = vms.filter(({ status }) => status === 'running').map(({ id }) => id);
      expect(vms.map(({ status }) => status).filter((s) => !/^(running|exited)$/.test(s))).toEqual(
        [],
      );
      expect(
        monitorsOf(this.state)
          .map(({ place }) => place)
          .sort(),
      ).toEqual(up.sort());
      const instances = join(this.state, 'instances');
      const entries = list(instances).filter((name) => !/^(\.locks|names)$/.test(name));
      expect(entries.filter((name) => !name.startsWith('.tmp-')).sort()).toEqual(ids);
      expect(
        list(join(instances, 'names'))
          .filter((name) => name !== '.lock')
          .sort(),
      ).toEqual(vms.map(({ name }) => name).sort());
      for (const id of ids.filter((one) => !up.includes(one))) {
        expect([id, existsSync(join(instances, id, 'boot'))]).toEqual([id, false]);
        expect([id, existsSync(join(instances, id, 'control.sock'))]).toEqual([id, false]);
      }
    }, 30_000);
  }

  /** Ends and removes all VMs, and then finds nothing at all. */
  async clear(): Promise<void> {
    const ids = (await this.all()).map(({ id }) => id);
    if (ids.length > 0) await this.run('rm', '-f', ...ids);
    // Whoever makes a VM tidies up after those that were killed as they made one.
    await this.does('run', '-q', ...this.script('exit 0'));
    const instances = join(this.state, 'instances');
    expect(list(instances).filter((name) => !/^(\.locks|names)$/.test(name))).toEqual([]);
    expect(list(join(instances, 'names')).filter((name) => name !== '.lock')).toEqual([]);
    expect(monitorsOf(this.state)).toEqual([]);
  }

  async remove(): Promise<void> {
    const ids = (await this.all()).map(({ id }) => id);
    if (ids.length > 0) await this.run('rm', '-f', ...ids);
    await rm(this.#scratch, { recursive: true });
  }

  get #options() {
    return { env: { LUPINE_STATE: this.state, LUPINE_ACCEL: 'tcg' }, within: this.#within };
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Prints a line each half second, and ends with status 3 on SIGTERM. */
export const TICKS =
  "trap 'echo told; exit 3' TERM; trap 'echo signal' USR1; i=0; " +
  'while :; do echo tick $i; i=$((i+1)); sleep 0.5; done';
