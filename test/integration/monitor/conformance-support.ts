/** What the conformance suite boots: init with a small static program (busybox), and the bare kernel. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startInstance, type Instance, type InstanceEnd } from '../../../src/instance/index.js';
import {
  bootProof,
  type Accelerator,
  type Monitor,
  type VmConfig,
} from '../../../src/monitor/index.js';
import type { Machine } from '../../support/monitors.js';
import { inLab } from '../../support/monitors.js';
import { Bench } from './support.js';

export const MEMORY_MIB = 96;

/** Milliseconds for something that takes a second on a processor: the lab's is emulated. */
export const PATIENCE = inLab ? 120_000 : 15_000;

const init = readFileSync(fileURLToPath(new URL('../../../guest/build/init', import.meta.url)));

export interface Ran {
  readonly end: InstanceEnd;
  readonly stdout: string;
  readonly stderr: string;
  readonly kernel: readonly string[];
}

type Settings = Parameters<typeof startInstance>[1]['settings'];

export class Guests {
  readonly bench = new Bench();
  readonly #kernel: string;
  readonly #root = applicationArchive(this.bench.directory);

  constructor(kernel: string) {
    this.#kernel = kernel;
  }

  /** A VM with a script as its init. */
  bare({ accelerator }: { accelerator: Accelerator }, script: string): VmConfig {
    return this.bench.vm('', {
      kernel: this.#kernel,
      initrd: this.bench.initrd(script),
      cmdline: 'quiet',
      memoryMiB: MEMORY_MIB,
      accelerator,
    });
  }

  prove = (monitor: Monitor, accelerator: Accelerator): Promise<string | undefined> =>
    bootProof(monitor, this.bare({ accelerator }, 'echo alive; while :; do :; done'), {
      alive: (output) => output.includes('alive'),
      limit: 30_000,
    });

  /** Starts a shell script under init. */
  start(
    { monitor, accelerator }: Machine,
    script: string,
    vm: Partial<VmConfig> = {},
    settings: Partial<Settings> = {},
  ): Promise<Instance> {
    const directory = mkdtempSync(join(this.bench.directory, 'vm-'));
    const config: Parameters<typeof startInstance>[1] = {
      vm: {
        name: 'conformance',
        kernel: this.#kernel,
        cmdline: 'quiet',
        memoryMiB: MEMORY_MIB,
        cpus: 1,
        accelerator,
        disks: [],
        network: { mode: 'none' },
        ...vm,
      },
      init,
      initramfs: this.#root,
      settings: {
        root: { type: 'initramfs', access: 'rw' },
        argv: ['/bin/busybox', 'sh', '-c', `b() { /bin/busybox "$@"; }\n${script}`],
        ...settings,
      },
    };
    return startInstance(monitor, config, directory);
  }
}

/** The archive of an application that is busybox, as a root file system of the format initramfs. */
function applicationArchive(directory: string): string {
  const make = [
    'set -e; cd "$0"; mkdir -p app/bin app/tmp; cp "$(command -v busybox)" app/bin/',
    'find app | cpio -o -H newc --quiet --owner=0:0 >app.cpio',
  ].join('\n');
  execFileSync('sh', ['-c', make, directory]);
  return join(directory, 'app.cpio');
}

/** Runs an instance to its end. */
export async function ran({ console, ended }: Instance): Promise<Ran> {
  const kernel: string[] = [];
  console.on('kernel', (line) => kernel.push(line.text));
  const [stdout, stderr] = await Promise.all([text(console.stdout), text(console.stderr)]);
  return { end: await ended, stdout, stderr, kernel };
}

/** Fulfils when stdout holds a text; what comes later is dropped. */
export function says({ console }: Instance, wanted: string): Promise<void> {
  console.stderr.resume();
  let said = '';
  return new Promise((done, failed) => {
    console.stdout.on('data', (data: Buffer) => {
      said += data.toString();
      if (said.includes(wanted)) done();
    });
    console.stdout.once('end', () => failed(new Error(`ended before '${wanted}': ${said}`)));
  });
}
