/** The application manifest: what an application needs of Linux and why, and how it is started. */

/** How one knows that an application works. */
export type Readiness =
  | { readonly kind: 'tcp'; readonly port: number } // accepts a connection
  | { readonly kind: 'log'; readonly pattern: string } // prints a line that matches
  | { readonly kind: 'exit'; readonly status: number }; // ends with this status

/** How an application is put under load where it is measured, by the program that everybody uses. */
export interface Load {
  /** The server, on this machine. It is under load on the port of {@link Readiness}. */
  readonly program: string;
  readonly args: readonly string[];
  /** Further files for it: contents by absolute path. */
  readonly files: Readonly<Record<string, string>>;
  /** Programs of the steps, on this machine, with the Debian package that has each. */
  readonly clients: readonly { readonly program: string; readonly package: string }[];
  /** How many requests a step makes: what `{requests}` in its command stands for. */
  readonly requests: { readonly quick: number; readonly full: number };
  readonly steps: readonly LoadStep[];
}

export interface LoadStep {
  readonly name: string;
  /** For people: `GET`. */
  readonly label: string;
  readonly command: readonly string[];
  /** Finds requests per second in the command's output: the first group, `^` at a line's start. */
  readonly result: string;
}

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
  /** Absent: nobody wrote down how. */
  readonly load?: Load | undefined;
  /** Published by its image or by custom, e.g. 6379. */
  readonly ports: readonly number[];
  /** How its kernel is built where the user does not say: `kml`, `tiny`, `smp`. */
  readonly variants: readonly string[];
}
