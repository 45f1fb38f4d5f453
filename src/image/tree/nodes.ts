/**
 * The tree in memory, as a file system has it: directories hold names, names point to files, and a
 * file with several names is one node. Walking follows symbolic links as a kernel with this root.
 */

import { LupineError } from '../../support/errors.js';
import type { Metadata } from '../types.js';
import { compareNames } from '../../support/name-bytes.js';
import { pathOf } from './place.js';
import { MAX_PATH, refuse } from './rules.js';

/** Anything but a directory. */
export class FileNode {
  /** Its first name in the tree's order, and the directory that has it; set when the tree is complete. */
  directory: DirectoryNode | undefined;
  name = '';
  /** As in `TreeEntry`. */
  inode = 0;

  /** @param source which of the tree's content sources has its content. @param position where there. */
  constructor(
    readonly metadata: Metadata,
    readonly source: number,
    readonly position: number,
  ) {}

  /** That of its first name. */
  get path(): string {
    return pathOf({ directory: this.directory?.path ?? '', name: this.name });
  }
}

export class DirectoryNode {
  children = new Map<string, Node>();
  /** As in `TreeEntry`. */
  inode = 0;

  constructor(
    public metadata: Metadata,
    readonly parent: DirectoryNode | undefined,
    readonly name: string,
    /** Length of its path, so that links cannot pile up a path without end. */
    readonly pathLength: number,
  ) {}

  /** Adds or replaces a child directory. */
  addDirectory(name: string, metadata: Metadata): DirectoryNode {
    const length = this.pathLength + 1 + name.length;
    if (length > MAX_PATH + 1) refuse('a path is longer than 4095 bytes');
    const child = new DirectoryNode(metadata, this, name, length);
    this.children.set(name, child);
    return child;
  }

  get path(): string {
    return pathOf({ directory: this.parent?.path ?? '', name: this.name });
  }
}

export type Node = FileNode | DirectoryNode;

/** What a directory is that nothing describes: as containerd makes it, with time 0. */
export const PLAIN_DIRECTORY: Metadata = {
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: 0,
  size: 0,
  xattrs: new Map(),
};

export function newRoot(): DirectoryNode {
  return new DirectoryNode(PLAIN_DIRECTORY, undefined, '', 0);
}

/** Linux's own limit (path_resolution(7)). */
const MAX_LINKS = 40;

export interface WalkOptions {
  /** Follow a symbolic link that is the last part; those before it always are. */
  readonly followLast: boolean;
  /** Make what is missing, as plain directories. */
  readonly create?: boolean;
  /** Asked before a symbolic link is followed; false ends the walk with nothing. */
  readonly mayFollow?: (directory: DirectoryNode, name: string) => boolean;
  /** Counts down by the parts that links add; a walk that would go below zero is refused. */
  readonly budget?: { left: number };
}

/** Where a walk arrived: the node, and its place if it has a name of its own. */
export interface Arrival {
  readonly node: Node;
  readonly directory: DirectoryNode;
  readonly name: string;
}

/**
 * Walks from the root: `..` stops there, absolute links begin there.
 * @returns undefined when there is nothing. @throws LupineError for loops and, when creating, files in the way.
 */
export function walk(root: DirectoryNode, path: string, options: WalkOptions): Arrival | undefined {
  const pending = path.split('/').reverse();
  let at: Arrival = { node: root, directory: root, name: '' };
  let links = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === '' || part === '.') continue;
    const directory = at.node;
    if (!(directory instanceof DirectoryNode)) {
      if (options.create) refuse('a file is used as a directory');
      return undefined;
    }
    if (part === '..') {
      const parent = directory.parent ?? root;
      at = { node: parent, directory: parent.parent ?? root, name: parent.name };
      continue;
    }
    let node = directory.children.get(part);
    if (node === undefined) {
      if (!options.create) return undefined;
      node = directory.addDirectory(part, PLAIN_DIRECTORY);
    }
    const target = node.metadata.target;
    if (target === undefined || (pending.length === 0 && !options.followLast)) {
      at = { node, directory, name: part };
      continue;
    }
    if (options.mayFollow?.(directory, part) === false) return undefined;
    links += 1;
    if (links > MAX_LINKS) throw new LupineError('too many levels of symbolic links');
    const parts = target.split('/').reverse();
    if (options.budget !== undefined) {
      options.budget.left -= parts.length;
      if (options.budget.left < 0) refuse('the symbolic links of the image lead too far');
    }
    pending.push(...parts);
    at = target.startsWith('/')
      ? { node: root, directory: root, name: '' }
      : { node: directory, directory: directory.parent ?? root, name: directory.name };
  }
  return at;
}

export interface Visit extends Arrival {
  readonly path: string;
}

/** Whether this is not a further name of a file that has come before, once the tree is complete. */
export function isFirstName({ node, directory, name }: Arrival): boolean {
  return node instanceof DirectoryNode || (node.directory === directory && node.name === name);
}

/** All names, parents before children, in the order of the children's maps; the root first. */
export function* visit(root: DirectoryNode): Generator<Visit, void, undefined> {
  yield { path: '', node: root, directory: root, name: '' };
  const stack = [{ prefix: '', directory: root, children: root.children.entries() }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.children.next();
    if (next.done) {
      stack.pop();
      continue;
    }
    const [name, node] = next.value;
    const path = top.prefix + name;
    yield { path, node, directory: top.directory, name };
    if (node instanceof DirectoryNode) {
      stack.push({ prefix: `${path}/`, directory: node, children: node.children.entries() });
    }
  }
}

/** Puts the names of every directory in byte order. */
export function sortTree(root: DirectoryNode): void {
  const stack = [root];
  for (let directory = stack.pop(); directory !== undefined; directory = stack.pop()) {
    const names = [...directory.children.keys()];
    const sorted = names.every((name, i) => i === 0 || compareNames(names[i - 1] ?? '', name) < 0);
    if (!sorted) {
      const children = [...directory.children].sort(([a], [b]) => compareNames(a, b));
      directory.children = new Map(children);
    }
    for (const node of directory.children.values()) {
      if (node instanceof DirectoryNode) stack.push(node);
    }
  }
}
