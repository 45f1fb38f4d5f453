/**
 * What each monitor can do, as data; and the error for what one cannot, which names those that can.
 */

import { LupineError } from '../support/errors.js';
import type { Accelerator, Capabilities, MonitorName, Network, VmConfig } from './types.js';

const capabilities: Readonly<Record<MonitorName, Capabilities>> = {
  qemu: {
    accelerators: ['kvm', 'tcg'],
    networks: ['none', 'user', 'tap'],
    maxCpus: 255,
    maxCommandLine: 2047,
    diskSnapshots: true,
    countInstructions: true,
    jail: false,
  },
  firecracker: {
    accelerators: ['kvm'],
    networks: ['none', 'tap'],
    maxCpus: 32,
    maxCommandLine: 2047,
    diskSnapshots: false,
    countInstructions: false,
    jail: true,
  },
};

const titles: Readonly<Record<MonitorName, string>> = { qemu: 'QEMU', firecracker: 'Firecracker' };

const acceleratorTitles: Readonly<Record<Accelerator, string>> = {
  kvm: 'KVM',
  tcg: 'emulation (TCG)',
};

const networkTitles: Readonly<Record<Network['mode'], string>> = {
  none: 'VM without a network',
  user: 'user-mode network, which publishes ports',
  tap: 'network on a tap device',
};

export const monitorNames = Object.keys(capabilities) as readonly MonitorName[];

export function capabilitiesOf(name: MonitorName): Capabilities {
  return capabilities[name];
}

/** @throws LupineError for the first thing that the VM wants and this monitor lacks. */
export function checkCapabilities(name: MonitorName, vm: VmConfig): void {
  for (const { what, has } of wishes(vm)) {
    if (has(capabilities[name])) continue;
    const others = monitorNames.filter((other) => has(capabilities[other]));
    throw new LupineError(`${titles[name]} has no ${what}`, {
      where: vm.name,
      ...(others.length === 0
        ? {}
        : { fix: others.map((other) => `use --monitor ${other}`).join(' or ') }),
    });
  }
}

interface Wish {
  readonly what: string;
  readonly has: (monitor: Capabilities) => boolean;
}

function wishes(vm: VmConfig): readonly Wish[] {
  const { accelerator, network, cpus, cmdline } = vm;
  return [
    {
      what: acceleratorTitles[accelerator],
      has: ({ accelerators }) => accelerators.includes(accelerator),
    },
    { what: networkTitles[network.mode], has: ({ networks }) => networks.includes(network.mode) },
    { what: `VMs of ${cpus} CPUs`, has: ({ maxCpus }) => cpus <= maxCpus },
    {
      what: `room for a command line of ${cmdline.length} bytes`,
      has: ({ maxCommandLine }) => cmdline.length <= maxCommandLine,
    },
    {
      what: 'counting of instructions',
      has: ({ countInstructions }) => countInstructions || vm.countInstructions !== true,
    },
    { what: 'jail', has: ({ jail }) => jail || vm.jail === undefined },
  ];
}
