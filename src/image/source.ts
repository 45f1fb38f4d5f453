/** What every kind of image source comes to before its layers are opened. */

import type { ParsedConfig } from './config.js';

/** A layer where its source holds it. */
export interface LayerBlob {
  /** Of the blob as stored; docker archives do not say it. */
  readonly digest?: string;
  /** What the image's configuration promises of the uncompressed tar. */
  readonly diffId: string;
  readonly mediaType: string;
  readonly size: number;
  /** For messages. */
  readonly where: string;
  /** The stored bytes from the first on, not verified. */
  read(): AsyncIterable<Buffer>;
}

export interface Source {
  /** The manifest's; the configuration's where there is no manifest. */
  readonly digest: string;
  readonly config: ParsedConfig;
  /** Lowest first. */
  readonly layers: readonly LayerBlob[];
}
