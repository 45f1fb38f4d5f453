import type { VmConfig } from '../../../src/monitor/types.js';

/** A VM of which a monitor that is none reads nothing. @param directory of the VM. */
export function fakeVm(directory: string): VmConfig {
  return {
    name: 'fake',
    kernel: '/none',
    cmdline: '',
    memoryMiB: 7,
    cpus: 1,
    accelerator: 'kvm',
    disks: [],
    network: { mode: 'none' },
    directory,
  };
}
