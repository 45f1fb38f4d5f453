/**
 * The QEMU monitor: finds QEMU, checks what would make it fail, starts it, and watches it to its end.
 *
 * Console and QMP are socket pairs made at its start: no file to find or to leave behind. QEMU runs in
 * a session of its own (the terminal's Ctrl-C is for us, not for it) and is killed by the kernel when
 * this process dies, however it dies.
 */

import { accessSync, constants, statSync } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import * as v from 'valibot';
import { LupineError } from '../support/errors.js';
import { hostTscKhz } from './host-cpu.js';
import { inspectKernel } from './kernel-file.js';
import { claimPorts } from './ports.js';
import { launchQemu } from './qemu-process.js';
import { installQemu } from './qemu-errors.js';
import { recall, remember } from './remembered.js';
import { checkTap } from './tap.js';
import type { GuestAddress, Monitor, Network, RunningVm, VmConfig } from './types.js';

/** What QEMU's user-mode network gives to every guest; the name server forwards to the host's. */
const userAddress: GuestAddress = {
  address: '10.0.2.15/24',
  gateway: '10.0.2.2',
  nameservers: ['10.0.2.3'],
};

const MIB = 1024 * 1024;

/** @throws LupineError when QEMU is not on this machine. `LUPINE_QEMU` names another than PATH's. */
export async function qemuMonitor(): Promise<Monitor> {
  const program = findQemu();
  const version = await versionOf(program);
  return {
    name: 'qemu',
    version,
    guestAddress(network: Network) {
      if (network.mode === 'user') return userAddress;
      return network.mode === 'tap' ? network.address : undefined;
    },
    start: (vm, signal) => start(program, vm, signal),
  };
}

async function start(program: string, vm: VmConfig, signal?: AbortSignal): Promise<RunningVm> {
  signal?.throwIfAborted();
  checkCounting(vm);
  const [network, tscKhz] = await Promise.all([
    readyNetwork(vm.network),
    vm.accelerator === 'tcg' ? hostTscKhz() : undefined,
    checkMemory(vm),
    checkFiles(vm),
  ]);
  signal?.throwIfAborted();
  return launchQemu(program, { ...vm, network }, tscKhz, signal);
}

function checkCounting({ countInstructions, accelerator, cpus }: VmConfig): void {
  if (countInstructions !== true || (accelerator === 'tcg' && cpus === 1)) return;
  throw new LupineError('instructions are counted under TCG with one CPU only', {
    where: `${accelerator}, ${cpus} CPUs`,
  });
}

async function readyNetwork(network: Network): Promise<Network> {
  if (network.mode === 'tap') await checkTap(network.device);
  if (network.mode !== 'user') return network;
  return { ...network, ports: await claimPorts(network.ports) };
}

async function checkFiles(vm: VmConfig): Promise<void> {
  await Promise.all(
    vm.disks.map(async ({ path, readOnly, snapshot }) => {
      const mode = readOnly || snapshot === true ? constants.R_OK : constants.R_OK | constants.W_OK;
      await access(path, mode).catch((cause: unknown) => {
        const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
        throw new LupineError(missing ? 'no such disk' : 'no permission for the disk', {
          where: path,
          cause,
        });
      });
    }),
  );
}

/** The kernel as it lies in memory, and the initrd above it, must fit; or the guest ends without a word. */
async function checkMemory({ kernel, initrd, memoryMiB }: VmConfig): Promise<void> {
  const { end } = await inspectKernel(kernel);
  const initrdBytes = initrd === undefined ? 0 : (await initrdSize(initrd)).size;
  const needed = Math.ceil((end + initrdBytes) / MIB) + 1;
  if (memoryMiB >= needed) return;
  throw new LupineError('too little memory for the kernel', {
    where: `${memoryMiB} MiB for ${kernel}`,
    fix: `give the VM more than ${needed} MiB (-m)`,
  });
}

function initrdSize(path: string): Promise<{ size: number }> {
  return stat(path).catch((cause: unknown) => {
    throw new LupineError('cannot read the initrd', { where: path, cause });
  });
}

function findQemu(): string {
  const chosen = process.env['LUPINE_QEMU'];
  if (chosen !== undefined && chosen !== '') {
    if (isExecutable(chosen)) return chosen;
    throw new LupineError('not a program', { where: `LUPINE_QEMU=${chosen}` });
  }
  const name = 'qemu-system-x86_64';
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find(isExecutable);
  if (found !== undefined) return found;
  throw new LupineError('QEMU is missing', { where: name, fix: installQemu });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

const KnownVersion = v.object({
  program: v.string(),
  modified: v.number(),
  size: v.number(),
  version: v.pipe(v.string(), v.maxLength(200)),
});

/** Asking QEMU itself costs as much as starting a VM, so it is asked once for each installed file. */
async function versionOf(program: string): Promise<string> {
  const { mtimeMs: modified, size } = await stat(program);
  const known = await recall('qemu', KnownVersion);
  if (known?.program === program && known.modified === modified && known.size === size) {
    return known.version;
  }
  const { run } = await import('../support/process.js');
  const { stdout } = await run(program, ['--version'], { install: installQemu, timeout: 10_000 });
  const version = /version (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version === undefined) throw new LupineError('not a QEMU', { where: program });
  await remember('qemu', { program, modified, size, version });
  return version;
}
