/**
 * Reads a tar stream as POSIX pax (IEEE Std 1003.1, `pax`, interchange format) defines it, far
 * enough for the normalised tars that a `FileTree` makes: names as bytes, sizes of any width. Of
 * everything else in a header nothing is used: the tree itself says it better.
 */

import { LupineError } from '../support/errors.js';

const BLOCK = 512;
/** A pax header holds a path, a link and attributes; a bound against a broken stream. */
const PAX_LIMIT = 16 * 1024 * 1024;

export interface TarMember {
  readonly name: Buffer;
  readonly size: number;
  /** Must be read to its end before the next member is asked for. */
  readonly data: AsyncIterable<Buffer>;
}

/** The members of an archive, in order. @throws LupineError when it is damaged or ends early. */
export async function* tarMembers(stream: AsyncIterable<Buffer>): AsyncGenerator<TarMember> {
  const source = new ByteSource(stream);
  let pax = new Map<string, Buffer>();
  for (;;) {
    const header = await source.exactly(BLOCK);
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = type === 'x' ? number(header, 124, 12) : sizeOf(header, pax);
    if (type === 'x' || type === 'g') {
      if (size > PAX_LIMIT) throw damaged('an extended header is too large');
      const records = paxRecords(await source.exactly(size));
      if (type === 'x') pax = records;
      await source.skip(padding(size));
      continue;
    }
    const content = type === '0' || type === '\0' ? size : 0;
    yield {
      name: pax.get('path') ?? headerName(header),
      size: content,
      data: source.take(content),
    };
    await source.skip(padding(content));
    pax = new Map();
  }
  await source.drain();
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function damaged(what: string): LupineError {
  return new LupineError('the archive of the files is damaged', { where: what });
}

function checkSum(header: Buffer): void {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : (header[i] ?? 0);
  if (sum !== number(header, 148, 8)) throw damaged('a header has a wrong sum');
}

/** A number of a header: octal text, or base 256 where its first bit is set. */
function number(header: Buffer, start: number, length: number): number {
  const field = header.subarray(start, start + length);
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) throw damaged('a number is too large');
    return value;
  }
  const text = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trimStart();
  if (!/^[0-7]*$/.test(text)) throw damaged('a number is not octal');
  return text === '' ? 0 : parseInt(text, 8);
}

function sizeOf(header: Buffer, pax: ReadonlyMap<string, Buffer>): number {
  const text = pax.get('size')?.toString('latin1');
  if (text === undefined) return number(header, 124, 12);
  if (!/^[0-9]{1,15}$/.test(text)) throw damaged('a size is not a number');
  return Number(text);
}

function headerName(header: Buffer): Buffer {
  const name = text(header, 0, 100);
  const ustar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = ustar ? text(header, 345, 155) : Buffer.alloc(0);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]);
}

function text(header: Buffer, start: number, length: number): Buffer {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end));
}

/** Records `length keyword=value\n`, where the length counts the whole record. */
function paxRecords(data: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(32, at);
    const length = space < 0 ? NaN : Number(data.toString('latin1', at, space));
    const equals = data.indexOf(61, space);
    const end = at + length;
    if (!Number.isSafeInteger(length) || equals < 0 || equals >= end || end > data.length) {
      throw damaged('an extended header is malformed');
    }
    const key = data.toString('latin1', space + 1, equals);
    records.set(key, Buffer.from(data.subarray(equals + 1, end - 1)));
    at = end;
  }
  return records;
}

/** Bytes of a stream, asked for by number. */
class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async #fill(): Promise<void> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) throw damaged('it ends early');
      this.#rest = next.value;
    }
  }

  /** Yields the next `size` bytes in the pieces they come in. */
  async *take(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0;) {
      if (this.#rest.length === 0) await this.#fill();
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async exactly(size: number): Promise<Buffer> {
    if (this.#rest.length >= size) {
      const piece = this.#rest.subarray(0, size);
      this.#rest = this.#rest.subarray(size);
      return piece;
    }
    const pieces: Buffer[] = [];
    for await (const piece of this.take(size)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async skip(size: number): Promise<void> {
    if (size > 0) await this.exactly(size);
  }

  /** Reads to the end, so that a failure of the stream's last part is not missed. */
  async drain(): Promise<void> {
    while ((await this.#chunks.next()).done !== true);
  }
}
