/**
 * The QEMU monitor: finds QEMU, checks what would make it fail, starts it, and watches it to its end.
 *
 * Console and QMP are socket pairs made at its start: no file to find or to leave behind. QEMU runs in
 * a session of its own (the terminal's Ctrl-C is for us, not for it) and is killed by the kernel when
 * this process dies, however it dies.
 */

import { LupineError } from '../support/errors.js';
import { capabilitiesOf, checkCapabilities } from './capabilities.js';
import { checkFiles, checkMemory } from './checks.js';
import { hostTscKhz } from './host-cpu.js';
import { claimPorts } from './ports.js';
import { findProgram, versionOf } from './programs.js';
import { launchQemu } from './qemu-process.js';
import { installQemu } from './qemu-errors.js';
import { checkTap } from './tap.js';
import type { GuestAddress, Monitor, Network, RunningVm, VmConfig } from './types.js';

/** What QEMU's user-mode network gives to every guest; the name server forwards to the host's. */
const userAddress: GuestAddress = {
  address: '10.0.2.15/24',
  gateway: '10.0.2.2',
  nameservers: ['10.0.2.3'],
};

/** @throws LupineError when QEMU is not on this machine. `LUPINE_QEMU` names another than PATH's. */
export async function qemuMonitor(): Promise<Monitor> {
  const program = findProgram('qemu-system-x86_64', {
    variable: 'LUPINE_QEMU',
    called: 'QEMU',
    fix: installQemu,
  });
  const version = await versionOf('qemu', program, /version (\d+\.\d+\.\d+)/, installQemu);
  return {
    name: 'qemu',
    version,
    capabilities: capabilitiesOf('qemu'),
    guestAddress(network: Network) {
      if (network.mode === 'user') return userAddress;
      return network.mode === 'tap' ? network.address : undefined;
    },
    start: (vm, signal) => start(program, vm, signal),
  };
}

async function start(program: string, vm: VmConfig, signal?: AbortSignal): Promise<RunningVm> {
  signal?.throwIfAborted();
  checkCapabilities('qemu', vm);
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
