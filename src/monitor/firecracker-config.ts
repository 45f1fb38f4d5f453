/**
 * A VM as Firecracker's configuration file and command line. Pure: everything that has to be found out on
 * the host comes in. What is valid is told by Firecracker's own OpenAPI description
 * (src/firecracker/swagger/firecracker.yaml in its source), whose objects the file holds.
 */

import type { VmConfig } from './types.js';

/** Names of the files of one VM, in the directory that is Firecracker's current one. */
export const files = {
  config: 'firecracker.json',
  socket: 'api.sock',
  log: 'firecracker.log',
} as const;

/** Returns the arguments after the program's name. */
export function firecrackerArgs(): string[] {
  return [
    ...['--config-file', files.config, '--api-sock', files.socket],
    // Its log goes to its standard output otherwise, which is the guest's console.
    ...['--log-path', files.log, '--level', 'Error', '--show-level'],
  ];
}

/** The configuration file, as an object. Firecracker adds the devices to the kernel's command line. */
export function firecrackerConfig(vm: VmConfig): object {
  return {
    'machine-config': { vcpu_count: vm.cpus, mem_size_mib: vm.memoryMiB },
    'boot-source': {
      kernel_image_path: vm.kernel,
      boot_args: kernelCommandLine(vm),
      ...(vm.initrd === undefined ? {} : { initrd_path: vm.initrd }),
    },
    drives: vm.disks.map(({ path, readOnly }, index) => ({
      drive_id: `disk${index}`,
      path_on_host: path,
      // The kernel's idea of a root device is of no use: init mounts the root.
      is_root_device: false,
      is_read_only: readOnly,
    })),
    'network-interfaces':
      vm.network.mode === 'tap'
        ? [{ iface_id: 'eth0', host_dev_name: vm.network.device, guest_mac: vm.network.mac }]
        : [],
    entropy: {},
  };
}

/**
 * A reset by the keyboard controller ends Firecracker, on a reboot and (at once) after a panic; a triple
 * fault, which ends QEMU, is a failure to it.
 */
function kernelCommandLine({ cmdline }: VmConfig): string {
  return `console=ttyS0 reboot=k panic=-1 ${cmdline}`.trimEnd();
}
