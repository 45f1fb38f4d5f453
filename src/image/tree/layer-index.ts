/**
 * What one layer's tar says, in one pass: the entries in their order with plain names and checked
 * metadata, and where in the uncompressed tar each file's content lies. Contents are not kept. The
 * index is all that merging needs, so it is cached beside the layer (index-codec.ts).
 */

import type { Readable } from 'node:stream';
import type { EntryType, Metadata } from '../types.js';
import { chunksOf } from './chunks.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import { decodeName } from '../../support/name-bytes.js';
import { PathSplitter, type Place } from './place.js';
import {
  checkXattrs,
  deviceNumbers,
  ownerId,
  plainPath,
  refusalOf,
  refuse,
  symlinkTarget,
  wholeTime,
  whiteoutOf,
} from './rules.js';
import { TYPE } from './tar-header.js';
import { TarParser, type TarEntry } from './tar-parser.js';

/** A file of any type; `offset` is where its content begins in the uncompressed tar. */
export type FileRecord = Metadata & Place & { readonly offset: number };
/** A hard link: one more name for the file at `to`. */
export type LinkRecord = Place & { readonly type: 'link'; readonly to: string };
/** Hides the path (`whiteout`), or all children of the path (`opaque`), of lower layers. */
export type HidingRecord = { readonly type: 'whiteout' | 'opaque'; readonly path: string };

/**
 * Flat, since a tree keeps the records of its files as they are, and an image may have a million. They
 * are made by literals that begin with plain fields: after a spread V8 makes hash tables of four times
 * the size.
 */
export type LayerRecord = FileRecord | LinkRecord | HidingRecord;

export interface LayerIndex {
  readonly records: readonly LayerRecord[];
}

export interface IndexOptions {
  /** The layer's digest, for messages. */
  readonly layer: string;
  readonly limits?: Partial<Limits>;
}

/** Takes a layer in as chunks, e.g. while it is downloaded. @throws LupineError for what rules.ts refuses. */
export class LayerIndexer {
  readonly #layer: string;
  readonly #limits: Limits;
  readonly #parser = new TarParser((entry) => {
    this.#add(entry);
  });
  readonly #records: LayerRecord[] = [];
  readonly #paths = new PathSplitter();
  #entries = 0;
  #metadataBytes = 0;
  #last = '';

  constructor(options: IndexOptions) {
    this.#layer = options.layer;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
  }

  write(chunk: Buffer): void {
    try {
      this.#parser.write(chunk);
      if (this.#parser.offset > this.#limits.tarBytes) refuse('the layer is too large');
    } catch (error) {
      throw refusalOf(error, this.#layer, this.#last);
    }
  }

  end(): LayerIndex {
    try {
      this.#parser.end();
    } catch (error) {
      throw refusalOf(error, this.#layer, this.#last);
    }
    return { records: this.#records };
  }

  #add(entry: TarEntry): void {
    this.#last = decodeName(entry.name.subarray(0, 8192));
    this.#entries += 1;
    if (this.#entries > this.#limits.entries) refuse('the layer has too many entries');
    this.#metadataBytes += entry.name.length + entry.linkName.length;
    for (const [name, value] of entry.xattrs) this.#metadataBytes += name.length + value.length;
    if (this.#metadataBytes > this.#limits.metadataBytes) {
      refuse('the names and attributes of the layer are too large');
    }
    if (entry.offset + entry.size > this.#limits.tarBytes) {
      refuse(`a file claims ${entry.size} bytes, more than a layer may have`);
    }
    const record = recordOf(entry, this.#paths);
    if (record !== undefined) this.#records.push(record);
  }
}

/**
 * Indexes a whole layer; reads it to its end.
 * @param open gives the uncompressed tar. @param signal stops it, with the signal's reason.
 */
export async function indexLayer(
  open: () => Promise<Readable>,
  options: IndexOptions,
  signal?: AbortSignal,
): Promise<LayerIndex> {
  const indexer = new LayerIndexer(options);
  for await (const chunk of chunksOf(open, signal)) indexer.write(chunk);
  return indexer.end();
}

const TYPES = new Map<number, EntryType>([
  [TYPE.oldFile, 'file'],
  [TYPE.file, 'file'],
  [TYPE.contiguous, 'file'],
  [TYPE.directory, 'directory'],
  [TYPE.symlink, 'symlink'],
  [TYPE.character, 'character'],
  [TYPE.block, 'block'],
  [TYPE.fifo, 'fifo'],
]);

function recordOf(entry: TarEntry, paths: PathSplitter): LayerRecord | undefined {
  const path = plainPath(decodeName(entry.name));
  const whiteout = whiteoutOf(path);
  if (whiteout.type === 'dropped') return undefined;
  if (whiteout.type !== 'none') return whiteout;
  if (path === '' && entry.type !== TYPE.directory) refuse('the root is not a directory');
  const place = paths.split(path);
  if (entry.type === TYPE.link) {
    const { directory, name } = place;
    return { type: 'link', directory, name, to: plainPath(decodeName(entry.linkName)) };
  }
  return fileRecord(entry, place);
}

function fileRecord(entry: TarEntry, { directory, name }: Place): FileRecord {
  const type = TYPES.get(entry.type);
  if (type === undefined) {
    refuse(
      entry.type === TYPE.gnuSparse
        ? 'sparse files in layers are not supported'
        : `entries of type 0x${entry.type.toString(16)} are not supported`,
    );
  }
  checkXattrs(entry.xattrs);
  return {
    directory,
    name,
    type,
    mode: type === 'symlink' ? 0o777 : entry.mode & 0o7777,
    uid: ownerId(entry.uid),
    gid: ownerId(entry.gid),
    mtime: wholeTime(entry.mtime),
    size: entry.size,
    xattrs: entry.xattrs,
    offset: entry.offset,
    ...(type === 'symlink' ? { target: symlinkTarget(decodeName(entry.linkName)) } : {}),
    ...(type === 'character' || type === 'block' ? deviceNumbers(entry.major, entry.minor) : {}),
  };
}
