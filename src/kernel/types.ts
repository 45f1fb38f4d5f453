/** The vocabulary of `kernel/`: what kernel is wanted, and what was built. */

export const profiles = ['microvm', 'lupine-base', 'lupine', 'lupine-general'] as const;
export type Profile = (typeof profiles)[number];

/** How a kernel is built. `nokml` says what happens without a variant, so that it can be said. */
export const variants = ['tiny', 'smp', 'nokml', 'kml'] as const;
export type Variant = (typeof variants)[number];

/** A Kconfig assignment with the reason somebody wanted it. */
export interface OptionRequest {
  /** Without `CONFIG_`. */
  readonly name: string;
  /** `y`, `m`, `n`, a number, or a string without quotes. */
  readonly value: string;
  /** Where it comes from, e.g. `profile lupine-base` or `apps/redis.yaml`. */
  readonly from: string;
  /** Why, for the reader. */
  readonly because?: string;
  /** From a complete `.config`: no wish, but an outcome, where nobody can set the option. */
  readonly outcome?: true;
}

/** Where a kernel's source comes from. */
export type SourceSpec =
  | { readonly kind: 'line'; readonly line: string } // `6.12`: the distribution's package, else upstream's newest
  | { readonly kind: 'version'; readonly version: string } // `6.12.30`: upstream, exactly
  | { readonly kind: 'tree'; readonly path: string }; // a local source tree

/** The line that is built when nobody says which. */
export const defaultSource: SourceSpec = { kind: 'line', line: '6.12' };

/** An unpacked and patched source tree. Never written to: kernels are built beside it. */
export interface SourceTree {
  /** Hash of the tarball (or of a local tree's files) and of the patches. */
  readonly key: string;
  /** `6.12.117` */
  readonly version: string;
  /** `6.12` */
  readonly line: string;
  /** Absolute. */
  readonly path: string;
  /** For people: `/usr/src/linux-source-6.12.tar.xz`, or a URL. */
  readonly origin: string;
}

export interface KernelSpec {
  readonly source: SourceSpec;
  /** Fully composed: profile, variants and application merged; later wins. */
  readonly options: readonly OptionRequest[];
  /** Of somebody else's configuration: what this kernel does not have is left out, as by olddefconfig. */
  readonly lenient?: boolean;
  /** Patch series under linux/<line>/ to apply, e.g. `lupine`; an absolute path is a series of the user's own. */
  readonly patches: readonly string[];
  /** For people: `redis`, `lupine-general`. */
  readonly label: string;
}

export interface SectionSizes {
  readonly text: number;
  readonly rodata: number;
  readonly data: number;
  readonly init: number;
  readonly bss: number;
}

/** A built kernel in the cache. */
export interface Kernel {
  /** Hash of source, patches, `.config`, toolchain and flags. */
  readonly key: string;
  readonly label: string;
  /** Of the source: `6.12.117`. */
  readonly version: string;
  /** Absolute paths into the cache entry. */
  readonly vmlinux: string;
  readonly bzImage: string;
  readonly config: string;
  readonly systemMap: string;
  /** Which option gives which system call, socket family, file system: JSON of a `FeatureTable`. */
  readonly features: string;
  /** What each object takes of memory, and by which option it is there: for `readObjects`. */
  readonly objects: string;
  readonly report: KernelReport;
}

export interface KernelReport {
  /** Options set to y. */
  readonly options: number;
  readonly elfBytes: number;
  readonly bzImageBytes: number;
  readonly sections: SectionSizes;
  readonly compiler: string;
  readonly buildSeconds: number;
  /** `vmlinux` can be booted directly by QEMU microvm and others (it has the PVH entry note). */
  readonly pvh: boolean;
}
