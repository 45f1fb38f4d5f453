/**
 * A network namespace of a test's own: what it makes of networks is nobody else's, and is gone with it. It
 * needs root, and says so where that is missing.
 */

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { exec } from './exec.js';

/** /sys shows the devices of the namespace that it was mounted in. */
const BEGIN = 'mount -t sysfs sysfs /sys && ip link set lo up && echo ready && exec cat';

const NEEDED = [
  'ip link add b0 type bridge',
  'ip tuntap add dev t0 mode tap',
  'echo "table inet t" | nft -f -',
  'echo "table bridge t" | nft -f -',
  'dnsmasq --version',
];

/** Why networks of VMs cannot be tested on this machine; undefined where they can. */
export async function networksAbsent(): Promise<string | undefined> {
  if (process.geteuid?.() !== 0) return 'it needs root';
  const commands = NEEDED.map((line) => `${line} >/dev/null || exit 1`).join('; ');
  return exec('unshare', ['--net', '--mount', 'sh', '-c', commands]).then(
    () => undefined,
    (error: unknown) => String(error).split('\n').slice(1).join(' ').trim(),
  );
}

export class Namespace {
  /** A command that runs the one that follows it in the namespace. */
  readonly prefix: readonly string[];
  readonly #holder: ChildProcessByStdio<Writable, Readable, null>;
  readonly #started: (() => Promise<unknown>)[] = [];

  private constructor(holder: ChildProcessByStdio<Writable, Readable, null>) {
    this.#holder = holder;
    this.prefix = ['nsenter', '--target', String(holder.pid), '--net', '--mount', '--'];
  }

  static async make(): Promise<Namespace> {
    const holder = spawn('unshare', ['--net', '--mount', 'sh', '-c', BEGIN], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    return new Namespace(holder);
  }

  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  /** What a program printed that ran in the namespace. @throws with its stderr when it fails. */
  exec(...command: readonly string[]): Promise<string> {
    const [program = '', ...args] = [...this.prefix, ...command];
    return exec(program, args);
  }

  /** Starts a program that runs until the namespace is removed. */
  start(...command: readonly string[]): void {
    const [program = '', ...args] = [...this.prefix, ...command];
    const child = spawn(program, args, { stdio: 'ignore' });
    const ended = once(child, 'exit');
    this.#started.push(() => {
      child.kill('SIGKILL');
      return ended;
    });
  }

  async remove(): Promise<void> {
    await Promise.all(this.#started.map((end) => end()));
    const ended = once(this.#holder, 'close');
    this.#holder.stdin.end();
    await ended;
  }
}
