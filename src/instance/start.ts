/** One boot of a microVM: its archive, the monitor, and the guest's console, to their common end. */

import { createReadStream, createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Monitor, PortMapping, RunningVm, VmConfig } from '../monitor/index.js';
import { GuestConsole, type GuestEnd } from './console.js';
import { FrameDecoder } from './frames.js';
import { bootArchive } from './initrd.js';
import { encodeProbeSettings, encodeSettings, type GuestSettings } from './settings.js';

export interface InstanceConfig {
  readonly vm: Omit<VmConfig, 'initrd' | 'directory'>;
  /** The program init. */
  readonly init: Buffer;
  readonly settings: GuestSettings;
  /** An application's own archive, unpacked before init's; without it the root is on a disk. */
  readonly initramfs?: string;
}

export type InstanceEnd =
  | Exclude<GuestEnd, { kind: 'lost' }>
  | { readonly kind: 'killed' }
  /** The guest or the monitor went down without the application's status; what the kernel said last. */
  | { readonly kind: 'crashed'; readonly reason: string; readonly kernelLog: string };

export interface Instance {
  readonly monitorPid: number;
  readonly ports: readonly PortMapping[];
  readonly console: GuestConsole;
  /** Fulfils, never rejects, when the VM is gone. */
  readonly ended: Promise<InstanceEnd>;
  kill(): void;
}

/** Kernel console text kept for the report of a crash. */
const KEEP_TEXT = 64 * 1024;

/** Milliseconds between the application's status and the end of its monitor, before that is killed. */
const GOODBYE_MS = 3_000;

/**
 * Starts a microVM.
 * @param directory private to this boot; the caller removes it.
 * @throws LupineError of the monitor or the settings.
 */
export async function startInstance(
  monitor: Monitor,
  config: InstanceConfig,
  directory: string,
  signal?: AbortSignal,
): Promise<Instance> {
  const settings = encodeSettings(config.settings);
  const initrd = join(directory, 'initrd');
  await writeInitrd(initrd, bootArchive(config.init, settings), config.initramfs);
  return watch(await monitor.start({ ...config.vm, initrd, directory }, signal));
}

/** Settings hold the seed of the guest's random numbers and the environment: for the owner's eyes. */
async function writeInitrd(path: string, archive: Buffer, before?: string): Promise<void> {
  if (before !== undefined) {
    await pipeline(createReadStream(before), createWriteStream(path, { mode: 0o600 }));
  }
  await writeFile(path, archive, { mode: 0o600, flag: 'a' });
}

function watch(vm: RunningVm): Instance {
  const console = new GuestConsole(vm.console);
  let text = Buffer.alloc(0);
  console.on('text', (data) => {
    text = Buffer.concat([text, data]).subarray(-KEEP_TEXT);
  });
  const conclude = async (): Promise<InstanceEnd> => {
    const guest = await console.ended;
    const timer = setTimeout(() => vm.kill(), GOODBYE_MS);
    const machine = await vm.ended;
    clearTimeout(timer);
    if (guest.kind !== 'lost') return guest;
    if (machine.kind === 'killed') return { kind: 'killed' };
    const kernelLog = text.toString('latin1');
    const reason =
      machine.kind === 'failed' ? machine.reason : (lastKernelWords(kernelLog) ?? guest.reason);
    return { kind: 'crashed', reason, kernelLog };
  };
  return {
    monitorPid: vm.pid,
    ports: vm.ports,
    console,
    ended: conclude(),
    kill: () => vm.kill(),
  };
}

/** The line that says why a kernel went down. */
function lastKernelWords(log: string): string | undefined {
  const lines = log.split(/\r?\n/).map((line) => line.replace(/^\[ *\d+\.\d+\] /, '').trim());
  return (
    lines.find((line) => line.startsWith('Kernel panic')) ?? lines.findLast((line) => line !== '')
  );
}

/** What boots to prove an accelerator: init says that it lives, and ends. */
export const probe = {
  archive: (init: Buffer): Buffer => bootArchive(init, encodeProbeSettings()),
  /** True once the console's output holds init's sign of life. */
  alive: (output: Buffer): boolean =>
    [...new FrameDecoder().push(output)].some((event) => event.kind === 'started'),
};
