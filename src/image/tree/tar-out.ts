/**
 * A tree as one tar, the same bytes for the same tree: ustar, with a pax header only where ustar
 * cannot say it (long names, large numbers, extended attributes). Directories first, then files in
 * the order their contents are stored, then symbolic links and devices, then hard links. The root
 * is `./`, all other names are plain. Memory holds one piece at a time, whatever the tree's size.
 */

import type { ContentSink, ContentSource } from './content.js';
import type { Metadata } from '../types.js';
import { compareNames, encodeName } from '../../support/name-bytes.js';
import { DirectoryNode, FileNode, isFirstName, visit } from './nodes.js';
import { encodePax } from './pax.js';
import { BLOCK, encodeHeader, MAX_USTAR, TYPE } from './tar-header.js';

/** Yields the archive in pieces. @throws the signal's reason when it is aborted. */
export async function* tarOf(
  root: DirectoryNode,
  sources: readonly ContentSource[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const writer = new TarWriter();
  for (const { path, node } of visit(root)) {
    if (!(node instanceof DirectoryNode)) continue;
    writer.entry(path === '' ? './' : `${path}/`, node.metadata, TYPE.directory);
    yield* writer.take();
  }
  const files = filesBySource(root);
  for (const [number, source] of sources.entries()) {
    const wanted = files.get(number);
    if (wanted !== undefined) yield* source.pour(wanted, writer, signal);
  }
  for (const place of visit(root)) {
    const { path, node } = place;
    if (!(node instanceof FileNode) || node.metadata.type === 'file' || !isFirstName(place)) {
      continue;
    }
    writer.entry(path, node.metadata, TYPE[node.metadata.type as 'symlink']);
    yield* writer.take();
  }
  for (const place of visit(root)) {
    const { path, node } = place;
    if (isFirstName(place)) continue;
    writer.entry(path, { ...node.metadata, size: 0 }, TYPE.link, node.path);
    yield* writer.take();
  }
  signal?.throwIfAborted();
  yield* writer.finish();
}

/** Regular files by the source of their contents, in the order of their positions there. */
function filesBySource(root: DirectoryNode): Map<number, FileNode[]> {
  const files = new Map<number, FileNode[]>();
  for (const place of visit(root)) {
    const { node } = place;
    if (!(node instanceof FileNode) || node.metadata.type !== 'file' || !isFirstName(place)) {
      continue;
    }
    const list = files.get(node.source);
    if (list === undefined) files.set(node.source, [node]);
    else list.push(node);
  }
  for (const list of files.values()) list.sort((a, b) => a.position - b.position);
  return files;
}

/** Small pieces are gathered up to this; larger ones are passed on as they are. */
const BATCH = 256 * 1024;
const PASS_ON = 16 * 1024;

class TarWriter implements ContentSink {
  #ready: Buffer[] = [];
  #batch = Buffer.alloc(BATCH);
  #filled = 0;
  #length = 0;

  begin(file: FileNode): void {
    this.entry(file.path, file.metadata, TYPE.file);
  }

  data(bytes: Buffer): void {
    this.#length += bytes.length;
    if (bytes.length >= PASS_ON) {
      this.#flush();
      this.#ready.push(bytes);
      return;
    }
    for (let at = 0; at < bytes.length;) {
      if (this.#filled === BATCH) this.#flush();
      const copied = bytes.copy(this.#batch, this.#filled, at);
      this.#filled += copied;
      at += copied;
    }
  }

  /** Pads the content to a whole block. */
  end(): void {
    const rest = this.#length % BLOCK;
    if (rest > 0) this.data(ZEROS.subarray(rest));
  }

  entry(name: string, metadata: Metadata, type: number, linkTo?: string): void {
    const path = splitName(encodeName(name));
    const text = linkTo ?? metadata.target;
    const link = text === undefined ? undefined : encodeName(text);
    const pax = paxRecords(metadata, path === undefined ? encodeName(name) : undefined, link);
    if (type === TYPE.link) for (const key of pax.keys()) if (isXattr(key)) pax.delete(key);
    if (pax.size > 0) {
      const body = encodePax(pax);
      this.#header({ ...PAX_HEADER, size: body.length });
      this.data(body);
      this.end();
    }
    const fits = link !== undefined && link.length <= MAX_USTAR.name;
    this.#header({
      name: path?.name ?? LONG,
      prefix: path?.prefix,
      linkName: link === undefined ? undefined : fits ? link : LONG,
      type,
      mode: metadata.mode,
      uid: metadata.uid > MAX_USTAR.id ? 0 : metadata.uid,
      gid: metadata.gid > MAX_USTAR.id ? 0 : metadata.gid,
      size: metadata.size > MAX_USTAR.size ? 0 : metadata.size,
      mtime: metadata.mtime,
      major: metadata.major,
      minor: metadata.minor,
    });
  }

  #header(fields: Parameters<typeof encodeHeader>[2]): void {
    if (this.#filled + BLOCK > BATCH) this.#flush();
    this.#batch.fill(0, this.#filled, this.#filled + BLOCK);
    encodeHeader(this.#batch, this.#filled, fields);
    this.#filled += BLOCK;
    this.#length = 0;
  }

  take(): Buffer[] {
    const ready = this.#ready;
    if (ready.length > 0) this.#ready = [];
    return ready;
  }

  /** The end mark, and all that is left. */
  finish(): Buffer[] {
    this.data(ZEROS);
    this.data(ZEROS);
    this.#flush();
    return this.take();
  }

  #flush(): void {
    if (this.#filled === 0) return;
    this.#ready.push(this.#batch.subarray(0, this.#filled));
    this.#batch = Buffer.allocUnsafe(BATCH);
    this.#filled = 0;
  }
}

const ZEROS = Buffer.alloc(BLOCK);
/** Stands where a pax header says the real name. */
const LONG = Buffer.from('long');
const PAX_HEADER = {
  name: Buffer.from('PaxHeader'),
  type: TYPE.pax,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
};

/** A path in ustar's two fields, undefined when it does not fit. Raw bytes, so that any name passes. */
function splitName(path: Buffer): { name: Buffer; prefix?: Buffer } | undefined {
  if (path.length <= MAX_USTAR.name) return { name: path };
  if (path.length > MAX_USTAR.name + 1 + MAX_USTAR.prefix) return undefined;
  const slash = path.indexOf('/', path.length - MAX_USTAR.name - 1);
  if (slash <= 0 || slash > MAX_USTAR.prefix || slash === path.length - 1) return undefined;
  return { name: path.subarray(slash + 1), prefix: path.subarray(0, slash) };
}

const XATTR = 'SCHILY.xattr.';

function isXattr(key: string): boolean {
  return key.startsWith(XATTR);
}

function paxRecords(
  metadata: Metadata,
  longPath: Buffer | undefined,
  link: Buffer | undefined,
): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  const number = (key: string, value: number, max: number) => {
    if (value > max) records.set(key, Buffer.from(String(value)));
  };
  if (longPath !== undefined) records.set('path', longPath);
  if (link !== undefined && link.length > MAX_USTAR.name) records.set('linkpath', link);
  number('size', metadata.size, MAX_USTAR.size);
  number('uid', metadata.uid, MAX_USTAR.id);
  number('gid', metadata.gid, MAX_USTAR.id);
  if (metadata.xattrs.size > 0) {
    for (const [name, value] of [...metadata.xattrs].sort(([a], [b]) => compareNames(a, b))) {
      records.set(XATTR + name, value);
    }
  }
  return records;
}
