/** How much of a foreign layer is believed before it is called a bomb. Generous: no real image comes near. */

export interface Limits {
  /** Entries of one layer, and of all layers of an image together. */
  readonly entries: number;
  /** Bytes of names, link targets and extended attributes of one layer: what has to stay in memory. */
  readonly metadataBytes: number;
  /** Length of one uncompressed layer; a file that claims to reach past it is refused at its header. */
  readonly tarBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  entries: 2_000_000,
  metadataBytes: 512 * 1024 ** 2,
  tarBytes: 256 * 1024 ** 3,
};
