/**
 * A tree as a Unix file system sees it: inodes with link counts, and directories as lists of names.
 * An inode is made of the tree anew whenever it is asked for; kept are only two numbers of each, so
 * that an image of a million files takes little memory.
 */

import type { EntryType, FileTree, TreeEntry } from '../image/types.js';
import { nameOf } from './names.js';

export interface Name {
  readonly name: Buffer;
  /** The number of the inode. */
  readonly inode: number;
  readonly type: EntryType;
}

export interface Inode {
  /** From 0, in the tree's own order, so the same tree always gives the same numbers. */
  readonly number: number;
  /** Its first name. */
  readonly entry: TreeEntry;
  /** Names, and for directories `.` and each `..` that leads here. */
  readonly links: number;
  /** Of a directory, in byte order, but first `.` and `..`; empty for all else. */
  readonly names: readonly Name[];
}

/** All inodes of a tree, the root first. */
export class Inodes implements Iterable<Inode> {
  readonly count: number;
  readonly #links: Uint32Array;
  /** Of directories: the number of the one above, the root's own for the root. */
  readonly #parents: Uint32Array;

  /** @throws LupineError for names no file system could hold. */
  constructor(private readonly tree: FileTree) {
    this.count = tree.inodeCount;
    this.#links = new Uint32Array(this.count);
    this.#parents = new Uint32Array(this.count);
    const links = this.#links;
    const add = (inode: number, count: number) => (links[inode] = (links[inode] ?? 0) + count);
    for (const { type, path, inode } of tree.entries()) {
      nameOf(path);
      add(inode, 1);
      if (type !== 'directory') continue;
      add(inode, 1);
      for (const child of tree.children(path)) {
        if (child.type !== 'directory') continue;
        add(inode, 1);
        this.#parents[child.inode] = inode;
      }
    }
  }

  *[Symbol.iterator](): Generator<Inode, void, undefined> {
    for (const entry of this.tree.entries()) {
      if (entry.linkOf === undefined) yield this.of(entry);
    }
  }

  /** @param entry the first name of a file. */
  of(entry: TreeEntry): Inode {
    const names = entry.type === 'directory' ? this.#namesIn(entry) : [];
    return { number: entry.inode, entry, links: this.linksOf(entry), names };
  }

  linksOf({ inode }: TreeEntry): number {
    return this.#links[inode] ?? 0;
  }

  #namesIn({ path, inode, type }: TreeEntry): Name[] {
    const names: Name[] = [
      { name: SELF, inode, type },
      { name: PARENT, inode: this.#parents[inode] ?? 0, type },
    ];
    for (const child of this.tree.children(path)) {
      names.push({ name: nameOf(child.path), inode: child.inode, type: child.type });
    }
    return names;
  }
}

const SELF = Buffer.from('.');
const PARENT = Buffer.from('..');
