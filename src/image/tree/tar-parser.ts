/**
 * Tar, pushed in as chunks of any size; every entry is handed out as soon as its headers are
 * complete. Content is skipped, never kept: an entry says at which offset it lies. Bytes after the
 * end mark are ignored. Where writers disagree this reads as Go's archive/tar, which the container
 * world reads layers with.
 */

import { decodePax, NO_XATTRS, xattrsOf } from './pax.js';
import { refuse } from './rules.js';
import { BLOCK, decodeHeader, TYPE, type TarHeader } from './tar-header.js';

/** An entry with its long names, pax records and GNU extensions applied. Buffers are valid only during the call. */
export interface TarEntry {
  readonly name: Buffer;
  readonly linkName: Buffer;
  /** One of `TYPE`, or what the archive has. */
  readonly type: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow; 0 for types that have none. */
  readonly size: number;
  /** Seconds, maybe with a fraction, maybe negative. */
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** Where the content begins, in bytes from the start of the archive. */
  readonly offset: number;
}

/** As in Go: no honest long name or set of attributes is larger. */
const MAX_EXTENDED = 1024 * 1024;
const EMPTY = Buffer.alloc(0);

const WITHOUT_CONTENT = new Set<number>([
  TYPE.link,
  TYPE.symlink,
  TYPE.character,
  TYPE.block,
  TYPE.directory,
  TYPE.fifo,
]);

export class TarParser {
  readonly #onEntry: (entry: TarEntry) => void;
  /** Bytes seen. */
  #offset = 0;
  /** Content and padding still to pass over. */
  #skip = 0;
  /** Of `#skip`, the padding. */
  #padding = 0;
  /** A header block or extended header whose bytes came in pieces. */
  #pending: Buffer = EMPTY;
  #filled = 0;
  #extended: { readonly type: number; readonly size: number } | undefined;
  #pax: Map<string, Buffer> | undefined;
  #longName: Buffer | undefined;
  #longLink: Buffer | undefined;
  #endMarks = 0;

  constructor(onEntry: (entry: TarEntry) => void) {
    this.#onEntry = onEntry;
  }

  /** Bytes seen so far. */
  get offset(): number {
    return this.#offset;
  }

  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#endMarks === 2) {
        this.#offset += chunk.length - at;
        return;
      }
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, chunk.length - at);
        this.#skip -= passed;
        this.#offset += passed;
        at += passed;
        continue;
      }
      const wanted = this.#extended === undefined ? BLOCK : padded(this.#extended.size);
      if (this.#filled === 0 && chunk.length - at >= wanted) {
        this.#offset += wanted;
        this.#take(chunk.subarray(at, at + wanted));
        at += wanted;
      } else {
        at += this.#collect(chunk.subarray(at), wanted);
      }
    }
  }

  /** Says that no more comes. @throws LupineError when the archive breaks off inside an entry. */
  end(): void {
    // Only padding may lack, as in Go: `umoci insert` writes neither it nor the end mark.
    const inside = this.#skip > this.#padding || this.#filled > 0 || this.#extended !== undefined;
    if ((inside || this.#pax) ?? this.#longName ?? this.#longLink) {
      refuse('the layer is truncated: it ends inside an entry');
    }
  }

  #collect(bytes: Buffer, wanted: number): number {
    if (this.#filled === 0) this.#pending = Buffer.allocUnsafe(wanted);
    const copied = bytes.copy(this.#pending, this.#filled, 0, wanted - this.#filled);
    this.#filled += copied;
    this.#offset += copied;
    if (this.#filled === wanted) {
      this.#filled = 0;
      this.#take(this.#pending);
    }
    return copied;
  }

  #take(bytes: Buffer): void {
    if (this.#extended === undefined) this.#header(bytes);
    else this.#extendedHeader(bytes.subarray(0, this.#extended.size), this.#extended.type);
  }

  #header(block: Buffer): void {
    const header = decodeHeader(block);
    if (header === undefined) {
      if (this.#pax ?? this.#longName ?? this.#longLink) refuse('an extended header has no entry');
      this.#endMarks += 1;
      return;
    }
    if (this.#endMarks > 0) refuse('an entry follows the mark of the end');
    switch (header.type) {
      case TYPE.pax:
      case TYPE.paxGlobal:
      case TYPE.gnuLongName:
      case TYPE.gnuLongLink:
        if (!(header.size >= 0 && header.size <= MAX_EXTENDED)) {
          refuse('an extended header is larger than 1 MiB');
        }
        this.#extended = { type: header.type, size: header.size };
        if (header.size === 0) this.#extendedHeader(EMPTY, header.type);
        return;
    }
    this.#entry(header);
  }

  #extendedHeader(body: Buffer, type: number): void {
    this.#extended = undefined;
    // Copied: the body may be a view of a chunk that its owner uses again.
    if (type === TYPE.pax) this.#pax = decodePax(Buffer.from(body));
    else if (type === TYPE.gnuLongName) this.#longName = untilNul(body);
    else if (type === TYPE.gnuLongLink) this.#longLink = untilNul(body);
  }

  #entry(header: TarHeader): void {
    const pax = this.#pax;
    const short =
      header.prefix === undefined
        ? header.name
        : Buffer.concat([header.prefix, Buffer.from('/'), header.name]);
    const name = this.#longName ?? paxValue(pax, 'path') ?? short;
    const linkName = this.#longLink ?? paxValue(pax, 'linkpath') ?? header.linkName;
    this.#pax = this.#longName = this.#longLink = undefined;
    if (pax !== undefined) refuseSparse(pax);
    const type =
      header.type === TYPE.oldFile && name.at(-1) === 0x2f ? TYPE.directory : header.type;
    const claimed = paxNumber(pax, 'size') ?? header.size;
    if (!(Number.isSafeInteger(claimed) && claimed >= 0)) refuse('a size is out of range');
    const size = WITHOUT_CONTENT.has(type) ? 0 : claimed;
    this.#skip = padded(size);
    this.#padding = this.#skip - size;
    this.#onEntry({
      name,
      linkName,
      type,
      mode: header.mode,
      uid: paxNumber(pax, 'uid') ?? header.uid,
      gid: paxNumber(pax, 'gid') ?? header.gid,
      size,
      mtime: paxNumber(pax, 'mtime') ?? header.mtime,
      major: header.major,
      minor: header.minor,
      xattrs: pax === undefined ? NO_XATTRS : xattrsOf(pax),
      offset: this.#offset,
    });
  }
}

/** With the padding to a whole block. */
function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

function untilNul(body: Buffer): Buffer {
  const end = body.indexOf(0);
  return Buffer.from(end < 0 ? body : body.subarray(0, end));
}

/** An empty value means: as if the record were not there. */
function paxValue(pax: Map<string, Buffer> | undefined, key: string): Buffer | undefined {
  const value = pax?.get(key);
  return value === undefined || value.length === 0 ? undefined : value;
}

function paxNumber(pax: Map<string, Buffer> | undefined, key: string): number | undefined {
  const value = paxValue(pax, key);
  if (value === undefined) return undefined;
  const form = key === 'mtime' ? /^-?\d{1,15}(\.\d*)?$/ : /^\d{1,15}$/;
  const text = value.length > 64 ? '' : value.toString('latin1');
  if (!form.test(text)) refuse(`the ${key} of a pax header is not a number`);
  return Number(text);
}

function refuseSparse(pax: ReadonlyMap<string, Buffer>): void {
  for (const key of pax.keys()) {
    if (key.startsWith('GNU.sparse.') || key === 'SCHILY.realsize') {
      refuse('sparse files in layers are not supported');
    }
  }
}
