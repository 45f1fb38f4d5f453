/** A complete tree of nodes and the sources of its contents, as the `FileTree` that others see. */

import { Readable } from 'node:stream';
import { LupineError } from '../../support/errors.js';
import type { FileTree, TreeEntry } from '../types.js';
import type { ContentSource } from './content.js';
import {
  type Arrival,
  DirectoryNode,
  FileNode,
  isFirstName,
  sortTree,
  visit,
  type Visit,
  walk,
} from './nodes.js';
import { pathOf } from './place.js';
import { tarOf } from './tar-out.js';

const READ_LIMIT = 64 * 1024 * 1024;

export class NodeTree implements FileTree {
  readonly entryCount: number;
  readonly inodeCount: number;
  readonly contentBytes: number;

  /** Takes the nodes over: they must not change any more. */
  constructor(
    private readonly root: DirectoryNode,
    private readonly sources: readonly ContentSource[],
    readonly digest: string,
  ) {
    sortTree(root);
    let entries = 0;
    let inodes = 0;
    let bytes = 0;
    for (const place of visit(root)) {
      const { node, directory, name } = place;
      entries += 1;
      // Set already where the same nodes were a tree before, to be digested.
      if (node instanceof FileNode && node.directory === undefined) {
        node.directory = directory;
        node.name = name;
      }
      if (!isFirstName(place)) continue;
      node.inode = inodes++;
      if (node instanceof FileNode) bytes += node.metadata.size;
    }
    this.entryCount = entries;
    this.inodeCount = inodes;
    this.contentBytes = bytes;
  }

  get(path: string): TreeEntry | undefined {
    const place = this.#find(path);
    return place === undefined ? undefined : entryOf(place);
  }

  /** Undefined also for a link that leads nowhere or in a circle. */
  resolve(path: string): TreeEntry | undefined {
    const arrival = this.#follow(path);
    if (arrival === undefined) return undefined;
    const { node, directory, name } = arrival;
    const own =
      node instanceof DirectoryNode ? node.path : pathOf({ directory: directory.path, name });
    return entryOf({ ...arrival, path: own });
  }

  *entries(): Generator<TreeEntry, void, undefined> {
    for (const place of visit(this.root)) yield entryOf(place);
  }

  *children(path: string): Generator<TreeEntry, void, undefined> {
    const place = this.#find(path);
    if (!(place?.node instanceof DirectoryNode)) return;
    const directory = place.node;
    for (const [name, node] of directory.children) {
      yield entryOf({ path: pathOf({ directory: place.path, name }), node, directory, name });
    }
  }

  /** Follows links, as opening a directory does; empty when there is none. */
  list(path: string): readonly string[] {
    const node = this.#follow(path)?.node;
    return node instanceof DirectoryNode ? [...node.children.keys()] : [];
  }

  async readFile(path: string, limit = READ_LIMIT): Promise<Buffer> {
    const node = this.#follow(path)?.node;
    if (!(node instanceof FileNode) || node.metadata.type !== 'file') {
      throw new LupineError('no such file in the image', { where: path });
    }
    if (node.metadata.size > limit) {
      throw new LupineError(`a file of the image is larger than ${limit} bytes`, { where: path });
    }
    const parts: Buffer[] = [];
    const sink = {
      begin: () => {},
      data: (bytes: Buffer) => void parts.push(bytes),
      end: () => {},
      take: () => parts.splice(0),
    };
    const read: Buffer[] = [];
    const pour = this.sources[node.source]?.pour([node], sink, undefined);
    for await (const part of pour ?? []) read.push(part);
    return Buffer.concat(read);
  }

  tar(signal?: AbortSignal): Readable {
    const stream = Readable.from(tarOf(this.root, this.sources, signal), {
      objectMode: false,
      highWaterMark: 1024 * 1024,
    });
    const stop = () => stream.destroy(signal?.reason as Error);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    stream.once('close', () => signal?.removeEventListener('abort', stop));
    return stream;
  }

  /** Follows nothing. */
  #find(path: string): Visit | undefined {
    let at: Arrival = { node: this.root, directory: this.root, name: '' };
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    for (const name of parts) {
      const directory = at.node;
      const node = directory instanceof DirectoryNode ? directory.children.get(name) : undefined;
      if (node === undefined) return undefined;
      at = { node, directory: directory as DirectoryNode, name };
    }
    return { ...at, path: parts.join('/') };
  }

  #follow(path: string) {
    try {
      return walk(this.root, path, { followLast: true });
    } catch (error) {
      if (error instanceof LupineError) return undefined;
      throw error;
    }
  }
}

function entryOf(place: Visit): TreeEntry {
  const { path, node } = place;
  const { type, mode, uid, gid, mtime, size, xattrs, target, major, minor } = node.metadata;
  return {
    path,
    inode: node.inode,
    type,
    mode,
    uid,
    gid,
    mtime,
    size,
    xattrs,
    ...(target === undefined ? {} : { target }),
    ...(major === undefined || minor === undefined ? {} : { major, minor }),
    ...(isFirstName(place) ? {} : { linkOf: node.path }),
  };
}
