/** What a root file system asks of its kernel, and what of a tree it cannot hold. */

import type { FileTree } from '../image/types.js';
import type { Context } from '../support/context.js';
import type { RootfsFormat } from './types.js';
import { xattrKinds, type XattrKinds } from './xattrs.js';

/** Kconfig symbols without `CONFIG_` that a kernel needs to mount the tree in this format. */
export function kernelOptions(tree: FileTree, format: RootfsFormat): string[] {
  const kinds = xattrKinds(tree.entries());
  switch (format) {
    case 'ext2':
      return ['BLOCK', 'EXT2_FS', ...xattrOptions('EXT2_FS', kinds)];
    case 'erofs':
      return ['BLOCK', 'MISC_FILESYSTEMS', 'EROFS_FS', ...xattrOptions('EROFS_FS', kinds)];
    case 'squashfs': {
      // FILE_DIRECT decompresses into the page cache without a copy between.
      const own = ['SQUASHFS', 'SQUASHFS_FILE_DIRECT', 'SQUASHFS_LZ4'];
      return ['BLOCK', 'MISC_FILESYSTEMS', ...own, ...(kinds.any ? ['SQUASHFS_XATTR'] : [])];
    }
    case 'initramfs':
      // Python and others compare times of files with those they noted.
      return ['BLK_DEV_INITRD', 'INITRAMFS_PRESERVE_MTIME'];
  }
}

function xattrOptions(symbol: string, kinds: XattrKinds): string[] {
  return [
    ...(kinds.any ? [`${symbol}_XATTR`] : []),
    ...(kinds.security ? [`${symbol}_SECURITY`] : []),
    ...(kinds.acl ? [`${symbol}_POSIX_ACL`] : []),
  ];
}

const ACL = /^system\.posix_acl_(access|default)$/;
const COMMON = /^(user|trusted|security)\../;

/** Says once what extended attributes are lost in this format. */
export function noteLostXattrs(tree: FileTree, format: RootfsFormat, context: Context): void {
  const lost = new Map<string, string>();
  for (const { path, xattrs } of tree.entries()) {
    for (const name of xattrs.keys()) {
      const kept =
        format === 'squashfs'
          ? COMMON.test(name) && path !== ''
          : format !== 'initramfs' && (COMMON.test(name) || ACL.test(name));
      if (!kept && !lost.has(name)) lost.set(name, path);
    }
  }
  for (const [name, path] of lost) {
    const advice = format === 'initramfs' ? '; use ext2, squashfs or erofs to keep it' : '';
    context.progress.note(`${format} cannot hold ${name}, which /${path} has${advice}`);
  }
}
