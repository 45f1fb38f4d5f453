/**
 * The Firecracker monitor: finds it, checks what would make it fail, starts it from a configuration file, and
 * watches it to its end. It needs KVM, and has no user-mode network.
 *
 * Its console is its standard input and output, its API a socket in the VM's private directory. It runs in a
 * session of its own and is killed by the kernel when this process dies, however it dies.
 */

import { copyFile, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { LupineError } from '../support/errors.js';
import { capabilitiesOf, checkCapabilities } from './capabilities.js';
import { checkFiles, checkMemory } from './checks.js';
import { installFirecracker } from './firecracker-errors.js';
import { launchFirecracker } from './firecracker-process.js';
import { inspectKernel } from './kernel-file.js';
import { findProgram, versionOf } from './programs.js';
import { checkTap } from './tap.js';
import type { Disk, Monitor, RunningVm, VmConfig } from './types.js';

/** The first that enters a kernel by its PVH note on x86, as ours want it. Tested: 1.16.1. */
const OLDEST = [1, 12] as const;

/**
 * @param chosen the path of its program; otherwise `LUPINE_FIRECRACKER` names it, or it is on PATH.
 * @throws LupineError when Firecracker is not on this machine or too old.
 */
export async function firecrackerMonitor(chosen?: string): Promise<Monitor> {
  const program = findProgram('firecracker', {
    variable: 'LUPINE_FIRECRACKER',
    chosen,
    called: 'Firecracker',
    fix: installFirecracker,
  });
  const pattern = /Firecracker v(\d+\.\d+\.\d+)/;
  const version = await versionOf('firecracker', program, pattern, installFirecracker);
  checkVersion(version, program);
  return {
    name: 'firecracker',
    version,
    capabilities: capabilitiesOf('firecracker'),
    guestAddress: (network) => (network.mode === 'tap' ? network.address : undefined),
    start: (vm, signal) => start(program, vm, signal),
  };
}

/** @throws LupineError for a version that cannot start our kernels. */
export function checkVersion(version: string, program: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new LupineError('this Firecracker is too old', {
    where: `${program} is ${version}, ${OLDEST.join('.')} is the oldest`,
    fix: installFirecracker,
  });
}

async function start(program: string, vm: VmConfig, signal?: AbortSignal): Promise<RunningVm> {
  signal?.throwIfAborted();
  checkCapabilities('firecracker', vm);
  await Promise.all([
    vm.network.mode === 'tap' ? checkTap(vm.network.device) : undefined,
    checkKernel(vm),
    checkFiles(vm),
  ]);
  const disks = vm.jail === undefined ? await Promise.all(vm.disks.map(copied(vm))) : vm.disks;
  signal?.throwIfAborted();
  return launchFirecracker(program, { ...vm, disks }, signal);
}

async function checkKernel(vm: VmConfig): Promise<void> {
  await checkMemory(vm);
  const { format } = await inspectKernel(vm.kernel);
  if (format === 'elf') return;
  throw new LupineError('Firecracker boots no bzImage', {
    where: vm.kernel,
    fix: 'give the vmlinux of the same build, or use --monitor qemu',
  });
}

/** Firecracker has no disks whose writes are forgotten: the guest gets a copy, which goes with the VM. */
function copied({ directory }: VmConfig): (disk: Disk, index: number) => Promise<Disk> {
  return async (disk, index) => {
    if (disk.readOnly || disk.snapshot !== true) return disk;
    const path = join(directory, `disk${index}`);
    await copyFile(disk.path, path, constants.COPYFILE_FICLONE);
    return { path, readOnly: false };
  };
}
