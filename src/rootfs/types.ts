/** The vocabulary of `rootfs/`: a file tree as something a kernel can mount. */

export const rootfsFormats = ['ext2', 'squashfs', 'erofs', 'initramfs'] as const;
export type RootfsFormat = (typeof rootfsFormats)[number];

export interface RootfsOptions {
  readonly format: RootfsFormat;
  /** ext2 only: free bytes beyond what the files need; a default that suits an application otherwise. */
  readonly freeBytes?: number;
}

export interface Rootfs {
  readonly path: string;
  readonly format: RootfsFormat;
  readonly bytes: number;
  /** Kconfig symbols without `CONFIG_` that a kernel needs to mount it. */
  readonly options: readonly string[];
}
