/** The application manifest: what an application needs of Linux and why, and how it is started. */

/** How one knows that an application works. */
export type Readiness =
  | { readonly kind: 'tcp'; readonly port: number } // accepts a connection
  | { readonly kind: 'log'; readonly pattern: string } // prints a line that matches
  | { readonly kind: 'exit'; readonly status: number }; // ends with this status

export interface ApplicationManifest {
  readonly name: string;
  readonly description: string;
  /** Image repositories (`docker.io/library/redis`) and programs (`redis-server`) that are it. */
  readonly match: { readonly images: readonly string[]; readonly programs: readonly string[] };
  /** Kconfig options over lupine-base, each with its evidence. Names without `CONFIG_`. */
  readonly options: readonly { readonly name: string; readonly because: string }[];
  readonly ready: Readiness;
  /** Bytes of guest memory by default. */
  readonly memory: number;
  /** Published by its image or by custom, e.g. 6379. */
  readonly ports: readonly number[];
}
