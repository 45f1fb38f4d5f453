/** A complete tree of nodes and the sources of its contents, as the `FileTree` that others see. */

import { Readable } from 'node:stream';
import { LupineError } from '../../support/errors.js';
import type { FileTree, TreeEntry } from '../types.js';
import type { ContentSource } from './content.js';
import { DirectoryNode, FileNode, sortTree, visit, walk, type Node } from './nodes.js';
import { tarOf } from './tar-out.js';

const READ_LIMIT = 64 * 1024 * 1024;

export class NodeTree implements FileTree {
  readonly entryCount: number;
  readonly contentBytes: number;

  /** Takes the nodes over: they must not change any more. */
  constructor(
    private readonly root: DirectoryNode,
    private readonly sources: readonly ContentSource[],
    readonly digest: string,
  ) {
    sortTree(root);
    let entries = 0;
    let bytes = 0;
    for (const { path, node } of visit(root)) {
      entries += 1;
      if (!(node instanceof FileNode)) continue;
      // Set already where the same nodes were a tree before, to be digested.
      node.path ??= path;
      if (node.path === path) bytes += node.metadata.size;
    }
    this.entryCount = entries;
    this.contentBytes = bytes;
  }

  get(path: string): TreeEntry | undefined {
    let node: Node | undefined = this.root;
    const parts = partsOf(path);
    for (const part of parts) {
      node = node instanceof DirectoryNode ? node.children.get(part) : undefined;
    }
    return node === undefined ? undefined : entryOf(parts.join('/'), node);
  }

  /** Undefined also for a link that leads nowhere or in a circle. */
  resolve(path: string): TreeEntry | undefined {
    const arrival = this.#follow(path);
    if (arrival === undefined) return undefined;
    const { node, directory, name } = arrival;
    if (node instanceof DirectoryNode) return entryOf(node.path, node);
    const parent = directory.path;
    return entryOf(parent === '' ? name : `${parent}/${name}`, node);
  }

  *entries(): Generator<TreeEntry, void, undefined> {
    for (const { path, node } of visit(this.root)) yield entryOf(path, node);
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

  #follow(path: string) {
    try {
      return walk(this.root, path, { followLast: true });
    } catch (error) {
      if (error instanceof LupineError) return undefined;
      throw error;
    }
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function entryOf(path: string, node: Node): TreeEntry {
  const first = node instanceof FileNode ? (node.path ?? path) : path;
  return { path, ...node.metadata, ...(first === path ? {} : { linkOf: first }) };
}
