/** Extended attributes as Linux file systems name them on disk: a number for the prefix, and the rest. */

import type { TreeEntry } from '../image/types.js';
import { encodeName } from '../support/name-bytes.js';

/** The same numbers in ext2 (fs/ext2/xattr.h) and erofs (fs/erofs/erofs_fs.h). */
const PREFIXES: readonly (readonly [prefix: string, index: number])[] = [
  ['user.', 1],
  ['system.posix_acl_access', 2],
  ['system.posix_acl_default', 3],
  ['trusted.', 4],
  ['security.', 6],
];

export const ACL_INDEXES: readonly number[] = [2, 3];

export interface Xattr {
  readonly index: number;
  /** Without the prefix. */
  readonly name: Buffer;
  readonly value: Uint8Array;
}

/** An entry's attributes that a Linux file system can hold, in a fixed order. */
export function xattrsOf(entry: TreeEntry): Xattr[] {
  const found: Xattr[] = [];
  for (const [fullName, value] of entry.xattrs) {
    const prefix = PREFIXES.find(([text]) => {
      return text.endsWith('.') ? fullName.startsWith(text) : fullName === text;
    });
    if (prefix === undefined) continue;
    found.push({ index: prefix[1], name: encodeName(fullName.slice(prefix[0].length)), value });
  }
  return found.sort((a, b) => {
    return a.index - b.index || a.name.length - b.name.length || Buffer.compare(a.name, b.name);
  });
}

/** What a tree's attributes ask of a kernel. */
export interface XattrKinds {
  readonly any: boolean;
  readonly security: boolean;
  readonly acl: boolean;
}

export function xattrKinds(entries: Iterable<TreeEntry>): XattrKinds {
  const names = new Set<string>();
  for (const { xattrs } of entries) for (const name of xattrs.keys()) names.add(name);
  return {
    any: names.size > 0,
    security: [...names].some((name) => name.startsWith('security.')),
    acl: [...names].some((name) => name.startsWith('system.posix_acl_')),
  };
}
