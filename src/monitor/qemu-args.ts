/**
 * A VM as QEMU's command line. Pure: everything that has to be found out on the host comes in.
 * The device model is QEMU's `microvm`: virtio-mmio devices, one serial line, no firmware tables.
 */

import { join } from 'node:path';
import type { Disk, Network, VmConfig } from './types.js';

/** Inherited file descriptors: sockets whose other ends are ours, so nothing is on disk. */
export const descriptors = { console: 3, qmp: 4 } as const;

/** The address of every guest on QEMU's user-mode network; each VM has a network of its own. */
const USER_MAC = '52:54:00:12:34:56';

/** What a time stamp counter of one instruction a nanosecond is, in kHz. */
const COUNTED_TSC_KHZ = 1_000_000;

/** Of translated guest code. QEMU's own default lets one VM's grow to a gigabyte. */
const TCG_BUFFER_MIB = 64;

/**
 * Returns the arguments after the program's name.
 * @param tscKhz the host's time stamp counter, when known: saves the guest its calibration.
 */
export function qemuArgs(vm: VmConfig, tscKhz?: number): string[] {
  return [
    ['-name', `${escape(vm.name)},process=lupine-vm`],
    // The real-time clock is on for KVM too: without it, a kernel without kvmclock waits 1 s for one.
    ['-M', 'microvm,acpi=off,rtc=on,dump-guest-core=off'],
    ['-nodefaults', '-no-user-config', '-no-reboot'],
    ['-display', 'none'],
    ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    acceleratorArgs(vm),
    vm.countInstructions === true ? countingArgs : [],
    ['-m', `size=${vm.memoryMiB}M`],
    ['-smp', `cpus=${vm.cpus}`],
    ['-chardev', consoleDevice(vm), '-serial', 'chardev:console'],
    ['-chardev', `socket,id=qmp,fd=${descriptors.qmp}`, '-mon', 'chardev=qmp,mode=control'],
    ['-kernel', vm.kernel],
    vm.initrd === undefined ? [] : ['-initrd', vm.initrd],
    ['-append', kernelCommandLine(vm, vm.countInstructions === true ? COUNTED_TSC_KHZ : tscKhz)],
    // virtio 1: what Firecracker and Cloud Hypervisor have too.
    ['-global', 'virtio-mmio.force-legacy=false'],
    ...vm.disks.map(diskArgs),
    networkArgs(vm.network),
    // The host's random numbers would make each run another one.
    vm.countInstructions === true ? [] : ['-device', 'virtio-rng-device'],
  ].flat();
}

/**
 * One instruction is one nanosecond; an idle guest's clock jumps to its next timer instead of waiting
 * for the host's. The date and the random numbers (RDRAND) are always the same.
 */
const countingArgs = [
  ...['-icount', 'shift=0,sleep=off'],
  ...['-rtc', 'base=2020-01-01T00:00:00,clock=vm'],
  ...['-seed', '1'],
];

/** Where the console of a guest goes whose instructions are counted; see `RecordedConsole`. */
export function consoleFile({ directory }: Pick<VmConfig, 'directory'>): string {
  return join(directory, 'console');
}

function consoleDevice(vm: VmConfig): string {
  return vm.countInstructions === true
    ? `file,id=console,path=${escape(consoleFile(vm))}`
    : `socket,id=console,fd=${descriptors.console}`;
}

/** A comma separates QEMU's options; doubled it is part of a value. */
function escape(value: string): string {
  return value.replaceAll(',', ',,');
}

function acceleratorArgs({ accelerator, cpus }: VmConfig): string[] {
  if (accelerator === 'kvm') return ['-accel', 'kvm', '-cpu', 'host'];
  // One CPU needs no local APIC, and calibrating its timer costs a tenth of a second.
  const cpu = cpus === 1 ? 'max,-apic' : 'max';
  return [
    '-accel',
    `tcg,thread=${cpus === 1 ? 'single' : 'multi'},tb-size=${TCG_BUFFER_MIB}`,
    '-cpu',
    cpu,
  ];
}

function kernelCommandLine({ cmdline, accelerator }: VmConfig, tscKhz: number | undefined): string {
  const clock =
    accelerator === 'tcg' && tscKhz !== undefined ? `tsc_early_khz=${tscKhz} tsc=reliable ` : '';
  // A triple fault and `-no-reboot` end the VM, on a reboot and (at once) after a panic.
  return `console=ttyS0 reboot=t panic=-1 ${clock}${cmdline}`.trimEnd();
}

function diskArgs(disk: Disk, index: number): string[] {
  const drive = [
    `id=disk${index}`,
    'if=none',
    // Never guessed from the contents, which the guest writes, nor from a name with a colon.
    'format=raw',
    'file.driver=file',
    `file.filename=${escape(disk.path)}`,
    'file.locking=on',
    `readonly=${disk.readOnly ? 'on' : 'off'}`,
    ...(disk.snapshot === true ? ['snapshot=on'] : []),
  ];
  // A host without space gives the guest an I/O error; QEMU's default is to pause it for ever.
  const device = `virtio-blk-device,drive=disk${index},werror=report,rerror=report`;
  return ['-drive', drive.join(','), '-device', device];
}

function networkArgs(network: Network): string[] {
  switch (network.mode) {
    case 'none':
      return [];
    case 'user': {
      const forwards = network.ports.map(
        (port) =>
          `hostfwd=${port.protocol}:${port.hostAddress}:${port.hostPort}-:${port.guestPort}`,
      );
      return [
        ...['-netdev', ['user', 'id=net0', 'ipv6=off', ...forwards].join(',')],
        ...['-device', `virtio-net-device,netdev=net0,mac=${USER_MAC}`],
      ];
    }
    case 'tap':
      return [
        ...['-netdev', `tap,id=net0,ifname=${escape(network.device)},script=no,downscript=no`],
        ...['-device', `virtio-net-device,netdev=net0,mac=${escape(network.mac)}`],
      ];
  }
}
