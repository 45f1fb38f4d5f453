/** The vocabulary of `rootfs/`: a file tree as something a kernel can mount. */

import { LupineError } from '../support/errors.js';

export const rootfsFormats = ['ext2', 'squashfs', 'erofs', 'initramfs'] as const;
export type RootfsFormat = (typeof rootfsFormats)[number];

/** A format by its name. @throws LupineError for any other text. */
export function parseFormat(text: string): RootfsFormat {
  const format = rootfsFormats.find((name) => name === text);
  if (format !== undefined) return format;
  throw new LupineError('no such root file system format', {
    where: text,
    fix: `choose one of ${rootfsFormats.join(', ')}`,
  });
}

export interface RootfsOptions {
  readonly format: RootfsFormat;
  /**
   * ext2 only: free bytes beyond what the files need; the larger of 64 MiB and a quarter of that
   * otherwise. They are a hole in the image and cost no disk until they are written.
   */
  readonly freeBytes?: number;
}

export interface Rootfs {
  readonly path: string;
  readonly format: RootfsFormat;
  readonly bytes: number;
  /** Kconfig symbols without `CONFIG_` that a kernel needs to mount it. */
  readonly options: readonly string[];
}
