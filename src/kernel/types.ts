/** The vocabulary of `kernel/`: what kernel is wanted, and what was built. */

export const profiles = ['microvm', 'lupine-base', 'lupine', 'lupine-general'] as const;
export type Profile = (typeof profiles)[number];

export const variants = ['tiny', 'smp', 'nokml', 'nokml-tiny'] as const;

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
}

/** Where a kernel's source comes from. */
export type SourceSpec =
  | { readonly kind: 'line'; readonly line: string } // `6.12`: upstream or the distribution's package
  | { readonly kind: 'version'; readonly version: string } // `6.12.30`: upstream, exactly
  | { readonly kind: 'tree'; readonly path: string }; // a local source tree

export interface KernelSpec {
  readonly source: SourceSpec;
  /** Fully composed: profile, variants and application merged; later wins. */
  readonly options: readonly OptionRequest[];
  /** Patch series under linux/<line>/ to apply, e.g. `lupine`. */
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
}
