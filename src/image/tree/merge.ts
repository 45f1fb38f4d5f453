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
import type {
  FileRecord,
  HidingRecord,
  LayerIndex,
  LayerRecord,
  LinkRecord,
} from './layer-index.js';
import { DEFAULT_LIMITS } from './limits.js';
import { DirectoryNode, FileNode, newRoot, walk } from './nodes.js';
import { pathOf } from './place.js';
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

function isHiding(record: LayerRecord): record is HidingRecord {
  return record.type === 'whiteout' || record.type === 'opaque';
}

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
    let at: LayerRecord | undefined;
    try {
      for (at of records) if (isHiding(at)) this.#hide(at);
      for (at of records) if (!isHiding(at)) this.#state(at);
    } catch (error) {
      const path = at === undefined ? '' : isHiding(at) ? at.path : pathOf(at);
      throw refusalOf(error, this.layer.digest, path);
    }
  }

  #hide(record: HidingRecord): void {
    const slash = record.path.lastIndexOf('/');
    const parent = record.path.slice(0, Math.max(slash, 0));
    const arrival = walk(this.root, record.type === 'opaque' ? record.path : parent, {
      followLast: true,
      budget: this.budget,
      // What this layer replaces by something else is no way into the lower tree.
      mayFollow: (directory, link) => !this.#isStated(directory, link),
    });
    if (!(arrival?.node instanceof DirectoryNode)) return;
    if (record.type === 'opaque') arrival.node.children.clear();
    else arrival.node.children.delete(record.path.slice(slash + 1));
  }

  /** Whether this layer has an entry of its own, other than a symbolic link, at a lower one's place. */
  #isStated(directory: DirectoryNode, name: string): boolean {
    this.#stated ??= new Set(
      this.layer.index.records
        .filter((record) => 'offset' in record && record.type !== 'symlink')
        .map((record) => pathOf(record as FileRecord)),
    );
    return this.#stated.has(pathOf({ directory: directory.path, name }));
  }

  #state(record: FileRecord | LinkRecord): void {
    const { name } = record;
    if (name === '') {
      if (record.type !== 'link') this.root.metadata = record;
      return;
    }
    const parent = this.#parent(record.directory);
    const existing = parent.children.get(name);
    if (record.type === 'directory') {
      if (existing instanceof DirectoryNode) {
        existing.metadata = record;
        return;
      }
      parent.addDirectory(name, record);
    } else {
      if (parent.pathLength + name.length > MAX_PATH) refuse('a path is longer than 4095 bytes');
      const node =
        record.type === 'link'
          ? this.#linked(record.to)
          : new FileNode(record, this.number, record.offset);
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
