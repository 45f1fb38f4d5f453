/** The vocabulary of `unikernel/`: what is built from an image, and how it is started. */

import type { ImageConfig, PullPolicy } from '../image/index.js';
import type { KernelReport, Profile, SourceSpec, Variant } from '../kernel/index.js';
import type { Accelerator, Jail, MonitorName, Network, PortMapping } from '../monitor/index.js';
import type { RootfsFormat } from '../rootfs/index.js';

/** How to build a unikernel of an image. Everything has a default. */
export interface BuildOptions {
  /** `lupine` for an application of the catalogue, `lupine-general` for any other. */
  readonly profile?: Profile;
  /** Those of the application's manifest unless told. */
  readonly variants?: readonly Variant[];
  /** The application's name in the catalogue, where it is not recognised by its image. */
  readonly app?: string;
  /** Kconfig options beyond what is derived. */
  readonly with?: readonly { readonly name: string; readonly value: string }[];
  /** Kernel configuration fragments, merged last. */
  readonly configFiles?: readonly string[];
  readonly source?: SourceSpec;
  /** ext2 unless told. */
  readonly format?: RootfsFormat;
  /** Features beyond what is derived: `net`, `dhcp`, `tty`, `rng`, `mitigations` (linux/profiles/feature-*.config). */
  readonly features?: readonly string[];
  /** When a registry is asked what its image is now: `missing`, only for what is not here, unless told. */
  readonly pull?: PullPolicy;
  /** Files of the host that go with a program of this machine: `PATH` or `SRC:DST`. */
  readonly include?: readonly string[];
}

/** A built unikernel: in the cache, or a bundle somewhere. */
export interface Unikernel {
  readonly description: Description;
  /** Absolute paths. */
  readonly files: {
    readonly kernel: string;
    readonly kernelConfig: string;
    readonly rootfs: string;
    readonly init: string;
    /** Which option gives which system call, socket family, file system: JSON. */
    readonly features: string;
  };
}

/** `unikernel.json`: what a unikernel was built from, and everything needed to start it. */
export interface Description {
  readonly version: 1;
  readonly name: string;
  readonly image: {
    readonly reference: string;
    readonly digest: string;
    readonly architecture: string;
  };
  readonly config: ImageConfig;
  /** Its name in the catalogue; null outside of it. */
  readonly application: string | null;
  readonly kernel: {
    readonly key: string;
    readonly version: string;
    readonly profile: Profile;
    readonly variants: readonly Variant[];
    readonly report: KernelReport;
  };
  readonly rootfs: {
    readonly format: RootfsFormat;
    readonly bytes: number;
    /** Of the file tree. */
    readonly digest: string;
  };
  /** Whether the kernel has a network. */
  readonly network: boolean;
  /** Bytes of guest memory unless told otherwise. */
  readonly memory: number;
}

/** What the monitor has by itself, or a network that was made by `lupine network create`. */
export type NetworkChoice =
  | Network
  | { readonly mode: 'named'; readonly name: string; readonly ports: readonly PortMapping[] };

/** How to start a unikernel. Everything has a default; the words are docker's. */
export interface RunOptions {
  /** Replaces the image's command; the entrypoint stays. */
  readonly command?: readonly string[];
  /** Replaces the image's entrypoint, and drops its command. */
  readonly entrypoint?: string;
  /** `NAME=value`, over the image's. */
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
  readonly name?: string;
  readonly hostname?: string;
  /** Bytes. */
  readonly memory?: number;
  readonly cpus?: number;
  readonly network?: NetworkChoice;
  readonly accelerator?: Accelerator;
  /** QEMU unless told. */
  readonly monitor?: { readonly name: MonitorName; readonly program?: string };
  /** The monitor's process in a jail, where the monitor has one. */
  readonly jail?: Jail;
  /** The application gets a terminal of this size. */
  readonly tty?: { readonly rows: number; readonly columns: number };
  /** The application's stdin is connected; otherwise it is empty. */
  readonly interactive?: boolean;
  /** The root file system is mounted read-only. */
  readonly readOnly?: boolean;
  readonly tmpfs?: readonly string[];
  /** Boot parameters of the kernel, behind Lupine's own: `kml=off`. */
  readonly append?: string;
  /** ext2 images that are mounted in the guest. */
  readonly mounts?: readonly Mount[];
}

export interface Mount {
  /** On the host. */
  readonly image: string;
  /** In the guest: absolute. */
  readonly path: string;
  readonly readOnly: boolean;
}
