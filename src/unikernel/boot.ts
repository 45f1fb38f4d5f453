/** Boots a unikernel: what the image says and what the user says become one set of settings. */

import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  probe,
  scratchDirectory,
  startInstance,
  type Instance,
  type InstanceConfig,
  type KeptVm,
} from '../instance/index.js';
import {
  bootProof,
  chooseAccelerator,
  openMonitor,
  type Accelerator,
  type Disk,
  type Monitor,
  type Network,
} from '../monitor/index.js';
import type { Context } from '../support/context.js';
import { LupineError, printable } from '../support/errors.js';
import { chooseNetwork, takeSeat, type Seat } from './network.js';
import { guestSettings } from './settings.js';
import type { RunOptions, Unikernel } from './types.js';

const MIB = 1024 * 1024;

/** Pieces of the kernel's first words that are kept for who asks later. */
const MAX_EARLY = 1024;

/** Milliseconds a probe boot may take; the study's KVM took seconds under two levels of emulation. */
const PROBE_LIMIT = 15_000;

/** Of the kernel's log levels the last that names a failure; an oom-killer's report is 40 lines above it. */
const KERN_ERR = 3;

export interface BootedUnikernel extends KeptVm {
  /** The kernel's console, raw, as it comes. */
  onKernelText(listener: (text: Buffer) => void): void;
  /** When the application was executed: microseconds of the guest's clock. */
  readonly started: Promise<number>;
}

export interface Place {
  /** Private to this boot; the caller removes it. */
  readonly directory: string;
  /** Of the VM. */
  readonly name: string;
  /** The root's disk that keeps what is written; without it, writes are forgotten. */
  readonly disk?: string | undefined;
}

/**
 * Boots a unikernel and returns while it runs. What the guest has to tell the user (a missing kernel
 * feature, a warning of init) goes to `context.progress.note`.
 * @throws LupineError where it cannot be started.
 */
export async function boot(
  unikernel: Unikernel,
  options: RunOptions,
  place: Place,
  context: Context,
): Promise<BootedUnikernel> {
  const { description, files } = unikernel;
  const [monitor, init] = await Promise.all([
    openMonitor(options.monitor?.name ?? 'qemu', options.monitor?.program),
    readFile(files.init),
  ]);
  const choice = chooseNetwork(unikernel, options, monitor, context);
  const accelerator = await accelerate(monitor, unikernel, init, options, context);
  const seat = await takeSeat(choice, place.name, options, context);
  const { signal } = context;
  let instance: Instance;
  try {
    const parts = { monitor, init, accelerator, network: seat.network };
    const config = instanceConfig(unikernel, options, place, parts);
    instance = await startInstance(monitor, config, place.directory, signal);
  } catch (error) {
    await seat.leave();
    throw error;
  }
  if (description.kernel.variants.includes('kml')) {
    context.progress.note(
      'note: in ring 0 a fault of the application can take down its own kernel; the VM isolates it still',
    );
  }
  return present(instance, accelerator, seat, files, context);
}

interface Parts {
  readonly monitor: Monitor;
  readonly init: Buffer;
  readonly accelerator: Accelerator;
  readonly network: Network;
}

function instanceConfig(
  unikernel: Unikernel,
  options: RunOptions,
  place: Place,
  { monitor, init, accelerator, network }: Parts,
): InstanceConfig {
  const { description, files } = unikernel;
  const { format } = description.rootfs;
  // Without a disk of its own, a VM writes to a temporary file, if at all.
  const writable = format === 'ext2' && options.readOnly !== true;
  const disk =
    place.disk === undefined
      ? { path: files.rootfs, readOnly: !writable, snapshot: writable }
      : { path: place.disk, readOnly: false };
  const dhcp = network.mode === 'tap' && network.address === undefined;
  return {
    vm: {
      name: place.name,
      kernel: files.kernel,
      cmdline: bootParameters(dhcp, options.append),
      memoryMiB: Math.ceil((options.memory ?? description.memory) / MIB),
      cpus: cpusOf(unikernel, options),
      accelerator,
      disks: [...(format === 'initramfs' ? [] : [disk]), ...mountsOf(options)],
      network,
      ...(options.jail === undefined ? {} : { jail: options.jail }),
    },
    init,
    settings: {
      ...guestSettings(description, options, monitor.guestAddress(network)),
      ...(dhcp ? { network: 'dhcp' } : {}),
      entropy: randomBytes(64),
      clock: Date.now() / 1000,
    },
    ...(format === 'initramfs' ? { initramfs: files.rootfs } : {}),
  };
}

/** What the kernel's own command line holds, on x86 (COMMAND_LINE_SIZE), with room for the monitor's. */
const MAX_APPEND = 1024;

/** @throws LupineError for a text that no command line can hold. */
function bootParameters(dhcp: boolean, append = ''): string {
  if (!/^[\x20-\x7e]*$/.test(append) || append.length > MAX_APPEND) {
    throw new LupineError('these boot parameters cannot be given to a kernel', {
      where: printable(append.slice(0, 80)),
      fix: `use at most ${MAX_APPEND} printable ASCII characters`,
    });
  }
  return ['quiet', ...(dhcp ? ['ip=dhcp'] : []), append].join(' ').trimEnd();
}

function mountsOf({ mounts = [] }: RunOptions): Disk[] {
  return mounts.map(({ image, readOnly }) => ({ path: image, readOnly }));
}

function cpusOf({ description }: Unikernel, options: RunOptions): number {
  const cpus = options.cpus ?? 1;
  const { profile, variants } = description.kernel;
  if (cpus === 1 || profile === 'microvm' || variants.includes('smp')) return cpus;
  throw new LupineError('this kernel is built for one CPU', {
    where: `--cpus ${cpus}`,
    fix: 'build it again with --variant smp',
  });
}

async function accelerate(
  monitor: Monitor,
  { description, files }: Unikernel,
  init: Buffer,
  options: RunOptions,
  context: Context,
): Promise<Accelerator> {
  const prove = async (accelerator: Accelerator): Promise<string | undefined> => {
    const directory = await scratchDirectory();
    try {
      const initrd = join(directory, 'initrd');
      await writeFile(initrd, probe.archive(init), { mode: 0o600 });
      const vm = {
        name: 'probe',
        kernel: files.kernel,
        initrd,
        cmdline: 'quiet',
        memoryMiB: Math.ceil(description.memory / MIB),
        cpus: 1,
        accelerator,
        disks: [],
        network: { mode: 'none' },
        directory,
      } as const;
      const { alive } = probe;
      return await bootProof(monitor, vm, { alive, limit: PROBE_LIMIT, signal: context.signal });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };
  const choice = await chooseAccelerator({ monitor, wanted: options.accelerator, prove });
  if (choice.reason !== undefined) context.progress.note(`note: ${choice.reason}`);
  return choice.accelerator;
}

function present(
  instance: Instance,
  accelerator: Accelerator,
  seat: Seat,
  files: Unikernel['files'],
  context: Context,
): BootedUnikernel {
  const { console } = instance;
  const note = (line: string) => context.progress.note(`lupine: ${printable(line)}`, true);
  // Loaded when the first is told: most runs never need it.
  const load = async () =>
    (await import('./missing.js')).missingFeatures(files, context.verbose === true);
  let explain: ReturnType<typeof load> | undefined;
  let telling: Promise<void> = Promise.resolve();
  console.on('kernel', ({ level, text }) => {
    telling = telling.then(async () => {
      const ours = text.startsWith('lupine: ');
      const known = ours ? (await (explain ??= load()))(text) : undefined;
      if (known === undefined) {
        if (ours || level <= KERN_ERR || context.verbose === true) note(`guest kernel: ${text}`);
      } else if (known !== '') note(known);
    });
  });
  console.on('message', ({ severity, text }) => {
    if (severity !== 'info' || context.verbose === true) note(text);
  });
  // The kernel speaks before anybody can have asked to hear it.
  const early: Buffer[] = [];
  let heard = false;
  console.on('text', (text) => {
    if (!heard && early.length < MAX_EARLY) early.push(text);
  });
  const started = new Promise<number>((resolve) => console.once('started', resolve));
  return {
    monitorPid: instance.monitorPid,
    accelerator,
    ports: [...instance.ports, ...seat.ports],
    stdin: console.stdin,
    stdout: console.stdout,
    stderr: console.stderr,
    onKernelText: (listener) => {
      heard = true;
      for (const text of early.splice(0)) listener(text);
      console.on('text', listener);
    },
    started,
    ended: instance.ended.then(async (end) => {
      await Promise.all([telling, seat.leave()]);
      return end;
    }),
    signal: (number) => console.signal(number),
    resize: (rows, columns) => console.resize(rows, columns),
    kill: () => instance.kill(),
  };
}
