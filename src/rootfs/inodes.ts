/**
 * A tree as a Unix file system sees it: inodes with link counts, and directories as lists of names.
 * Inodes are numbered from 0 in the tree's own order, so the same tree always gives the same numbers.
 */

import type { FileTree, TreeEntry } from '../image/types.js';
import { LupineError } from '../support/errors.js';
import { nameOf, parentOf } from './names.js';

export interface Name {
  readonly name: Buffer;
  readonly inode: Inode;
}

export interface Inode {
  readonly number: number;
  /** Its first name. */
  readonly entry: TreeEntry;
  readonly parent: Inode;
  /** Names, and for directories `.` and each `..` that leads here. */
  links: number;
  /** Of a directory, in byte order and without `.` and `..`; empty for all else. */
  readonly names: Name[];
}

/** All inodes of a tree, the root first. @throws LupineError for names no file system could hold. */
export function inodesOf(tree: FileTree): readonly Inode[] {
  const inodes: Inode[] = [];
  const byPath = new Map<string, Inode>();
  const furtherNames: TreeEntry[] = [];
  for (const entry of tree.entries()) {
    if (entry.linkOf !== undefined) {
      furtherNames.push(entry);
      continue;
    }
    const inode = newInode(inodes.length, entry, byPath);
    inodes.push(inode);
    byPath.set(entry.path, inode);
  }
  for (const entry of furtherNames) {
    const inode = byPath.get(entry.linkOf ?? '');
    if (inode === undefined || inode.entry.type === 'directory') throw broken(entry.path);
    inode.links += 1;
    parentIn(byPath, entry.path).names.push({ name: nameOf(entry.path), inode });
  }
  for (const { names } of inodes) names.sort((a, b) => Buffer.compare(a.name, b.name));
  return inodes;
}

function newInode(number: number, entry: TreeEntry, byPath: ReadonlyMap<string, Inode>): Inode {
  const links = entry.type === 'directory' ? 2 : 1;
  if (entry.path === '') {
    const root = { number, entry, links, names: [] };
    return Object.assign(root, { parent: root as unknown as Inode });
  }
  const parent = parentIn(byPath, entry.path);
  const inode = { number, entry, parent, links, names: [] };
  parent.names.push({ name: nameOf(entry.path), inode });
  if (entry.type === 'directory') parent.links += 1;
  return inode;
}

function parentIn(byPath: ReadonlyMap<string, Inode>, path: string): Inode {
  const parent = byPath.get(parentOf(path));
  if (parent?.entry.type !== 'directory') throw broken(path);
  return parent;
}

function broken(where: string): LupineError {
  return new LupineError('a name of the image is not in a directory of it', { where });
}
