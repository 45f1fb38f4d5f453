/**
 * Layers → one tree, by the OCI image specification's "Applying Changesets". Of each layer all
 * whiteouts come first, wherever they stand, and see only lower layers; then its entries, in order.
 * What odd entries come to is in rules.ts.
 */

import type { Readable } from 'node:stream';
import { LupineError } from '../../support/errors.js';
import type { FileTree } from '../types.js';
import { layerSource } from './content.js';
import { NodeTree } from './file-tree.js';
import type { LayerIndex, LayerRecord } from './layer-index.js';
import { DEFAULT_LIMITS } from './limits.js';
import { DirectoryNode, FileNode, newRoot, walk } from './nodes.js';
import { MAX_PATH, refusalOf, refuse } from './rules.js';

export interface Layer {
  /** For messages. */
  readonly digest: string;
  readonly index: LayerIndex;
  /** Gives the uncompressed tar that was indexed. The stream is destroyed when no more of it is needed. */
  readonly open: () => Promise<Readable>;
}

/** Parts of paths that symbolic links may add in a whole merge: seconds of work, no more. */
const LINK_BUDGET = 20_000_000;

/**
 * @param layers the lowest first. @param digest the tree's, over the layers' diff ids.
 * @param maxEntries of all layers together.
 * @throws LupineError for what cannot be applied, naming layer and entry.
 */
export function mergeLayers(
  layers: readonly Layer[],
  digest: string,
  maxEntries: number = DEFAULT_LIMITS.entries,
): FileTree {
  const total = layers.reduce((sum, layer) => sum + layer.index.records.length, 0);
  if (total > maxEntries) throw new LupineError('the image has too many files', { where: digest });
  const root = newRoot();
  const budget = { left: LINK_BUDGET };
  for (const [number, layer] of layers.entries()) new Merge(root, layer, number, budget).apply();
  return new NodeTree(
    root,
    layers.map((layer) => layerSource(layer.open, layer.digest)),
    digest,
  );
}

type Hiding = Extract<LayerRecord, { kind: 'whiteout' | 'opaque' }>;
type Stating = Exclude<LayerRecord, Hiding>;

/** One layer onto the tree of those below. */
class Merge {
  /** The directory of the entry before, by its text; almost always that of the next too. */
  #lastParent: { readonly text: string; readonly directory: DirectoryNode } | undefined;
  #stated: Set<string> | undefined;

  constructor(
    private readonly root: DirectoryNode,
    private readonly layer: Layer,
    private readonly number: number,
    private readonly budget: { left: number },
  ) {}

  apply(): void {
    const { records } = this.layer.index;
    let at = '';
    try {
      for (const record of records) {
        at = record.path;
        if (record.kind === 'whiteout' || record.kind === 'opaque') this.#hide(record);
      }
      for (const record of records) {
        at = record.path;
        if (record.kind === 'node' || record.kind === 'link') this.#state(record);
      }
    } catch (error) {
      throw refusalOf(error, this.layer.digest, at);
    }
  }

  #hide(record: Hiding): void {
    const [parent, name] = splitPath(record.path);
    const arrival = walk(this.root, record.kind === 'opaque' ? record.path : parent, {
      followLast: true,
      budget: this.budget,
      // What this layer replaces by something else is no way into the lower tree.
      mayFollow: (directory, link) => !this.#isStated(directory, link),
    });
    if (!(arrival?.node instanceof DirectoryNode)) return;
    if (record.kind === 'opaque') arrival.node.children.clear();
    else arrival.node.children.delete(name);
  }

  /** Whether this layer has an entry of its own, other than a symbolic link, at a lower one's place. */
  #isStated(directory: DirectoryNode, name: string): boolean {
    this.#stated ??= new Set(
      this.layer.index.records
        .filter((record) => record.kind === 'node' && record.metadata.type !== 'symlink')
        .map((record) => record.path),
    );
    const path = directory.path;
    return this.#stated.has(path === '' ? name : `${path}/${name}`);
  }

  #state(record: Stating): void {
    if (record.path === '') {
      if (record.kind === 'node') this.root.metadata = record.metadata;
      return;
    }
    const [parentText, name] = splitPath(record.path);
    const parent = this.#parent(parentText);
    const existing = parent.children.get(name);
    if (record.kind === 'node' && record.metadata.type === 'directory') {
      if (existing instanceof DirectoryNode) {
        existing.metadata = record.metadata;
        return;
      }
      parent.addDirectory(name, record.metadata);
    } else {
      if (parent.pathLength + name.length > MAX_PATH) refuse('a path is longer than 4095 bytes');
      const node =
        record.kind === 'link'
          ? this.#linked(record.to)
          : new FileNode(record.metadata, this.number, record.offset);
      parent.children.set(name, node);
    }
    // The last parent may have been reached through what is now replaced.
    if (existing !== undefined) this.#lastParent = undefined;
  }

  #parent(text: string): DirectoryNode {
    if (this.#lastParent?.text === text) return this.#lastParent.directory;
    const arrival = walk(this.root, text, { followLast: true, create: true, budget: this.budget });
    if (!(arrival?.node instanceof DirectoryNode)) refuse('a file is used as a directory');
    this.#lastParent = { text, directory: arrival.node };
    return arrival.node;
  }

  #linked(to: string): FileNode {
    const arrival = walk(this.root, to, { followLast: false, budget: this.budget });
    if (arrival === undefined) refuse('a hard link points to nothing');
    if (arrival.node instanceof DirectoryNode) refuse('a hard link points to a directory');
    return arrival.node;
  }
}

function splitPath(path: string): [parent: string, name: string] {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}
