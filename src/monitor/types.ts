/** The one interface to monitors: start a VM, talk to its serial console, know how it ended. */

import type { Duplex } from 'node:stream';

export type Accelerator = 'kvm' | 'tcg';

export type MonitorName = 'qemu' | 'firecracker';

export interface PortMapping {
  /** 127.0.0.1 unless the user told otherwise. */
  readonly hostAddress: string;
  /** 0: any free one; `RunningVm.ports` says which. */
  readonly hostPort: number;
  readonly guestPort: number;
  readonly protocol: 'tcp' | 'udp';
}

/** What the monitor's network gives to the guest; init configures it. */
export interface GuestAddress {
  /** With prefix length: `10.0.2.15/24`. */
  readonly address: string;
  readonly gateway: string;
  readonly nameservers: readonly string[];
}

export type Network =
  | { readonly mode: 'none' }
  | { readonly mode: 'user'; readonly ports: readonly PortMapping[] }
  | {
      readonly mode: 'tap';
      readonly device: string;
      readonly mac: string;
      /** Absent: the kernel asks a DHCP server. */
      readonly address?: GuestAddress;
    };

export interface Disk {
  readonly path: string;
  readonly readOnly: boolean;
  /** Writes go to a temporary file and are forgotten. */
  readonly snapshot?: boolean;
}

export interface Jail {
  readonly uid: number;
  readonly gid: number;
}

export interface VmConfig {
  readonly name: string;
  readonly kernel: string;
  readonly initrd?: string;
  /** Without what the monitor itself adds: console, reboot and panic, clock, devices. */
  readonly cmdline: string;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly accelerator: Accelerator;
  /**
   * For measurement, under TCG and with one CPU: the guest's clock counts instructions, 1 ns each, and
   * its random numbers are always the same, so that a guest without disk, network and input does the
   * same twice, to the instruction. Its console can be read when it has ended.
   */
  readonly countInstructions?: boolean;
  /** For measurement: the only CPU of the host on which the monitor and its guest run. */
  readonly hostCpu?: number;
  /** The monitor runs as this user, who should own nothing else, in a root directory of its own. */
  readonly jail?: Jail;
  /** In order: vda, vdb, … */
  readonly disks: readonly Disk[];
  readonly network: Network;
  /** Existing and private to this VM: temporary files of the monitor go here; the caller removes it. */
  readonly directory: string;
}

export type VmEnd =
  | { readonly kind: 'shutdown' } // the guest ended the VM, by order or after a panic
  | { readonly kind: 'killed' } // we did
  | { readonly kind: 'failed'; readonly reason: string }; // the monitor could not go on

export interface RunningVm {
  readonly pid: number;
  /** The published ports as they are, in the order they were asked for. */
  readonly ports: readonly PortMapping[];
  /**
   * The guest's serial console, raw bytes both ways, with backpressure. It ends after the guest's
   * last byte and never fails; that may be later than `ended`.
   */
  readonly console: Duplex;
  /** Fulfils, never rejects, when the monitor is gone. */
  readonly ended: Promise<VmEnd>;
  /** Ends the monitor at once. */
  kill(): void;
}

/** What a monitor can do; `capabilities.ts` has the table. */
export interface Capabilities {
  readonly accelerators: readonly Accelerator[];
  readonly networks: readonly Network['mode'][];
  readonly maxCpus: number;
  /** Bytes of the kernel's command line, with what the monitor adds to it. */
  readonly maxCommandLine: number;
  /** A disk whose writes are forgotten costs nothing; otherwise the disk is copied first. */
  readonly diskSnapshots: boolean;
  readonly countInstructions: boolean;
  /** A jail for the monitor's process: a root directory, a user and namespaces of its own. */
  readonly jail: boolean;
}

export interface Monitor {
  readonly name: MonitorName;
  readonly version: string;
  readonly capabilities: Capabilities;
  /** The address the guest will have on this network; undefined with none or with DHCP. */
  guestAddress(network: Network): GuestAddress | undefined;
  /**
   * Starts a VM, which lives at most as long as this process: a kill -9 of it ends the VM too.
   * @param signal kills the VM when aborted, whenever that is.
   * @throws LupineError with a reason a user can act on: port in use, memory, missing program.
   */
  start(vm: VmConfig, signal?: AbortSignal): Promise<RunningVm>;
}
