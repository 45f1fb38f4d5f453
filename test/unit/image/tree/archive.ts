/** Tar archives for tests, byte by byte, wrong ones too; written apart from the code they test. */

import { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { indexLayer, mergeLayers, type Limits } from '../../../../src/image/tree/index.js';
import type { FileTree } from '../../../../src/image/types.js';

export interface Spec {
  readonly name: string | Buffer;
  /** Type flag as a character; `0` unless told. */
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly data?: string | Buffer;
  /** What the header claims, when it is not the data's length. */
  readonly size?: number;
  readonly link?: string | Buffer;
  readonly major?: number;
  readonly minor?: number;
  /** Records of a pax header put in front. */
  readonly pax?: Readonly<Record<string, string | Buffer>>;
  readonly magic?: string;
  readonly prefix?: string;
  readonly badChecksum?: boolean;
}

export const dir = (name: string, rest: Partial<Spec> = {}): Spec => ({
  name,
  type: '5',
  mode: 0o755,
  ...rest,
});
export const file = (name: string, data = '', rest: Partial<Spec> = {}): Spec => ({
  name,
  data,
  ...rest,
});
export const symlink = (name: string, link: string): Spec => ({ name, type: '2', link });
export const hardlink = (name: string, link: string): Spec => ({ name, type: '1', link });

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

function header(spec: Spec, size: number): Buffer {
  const block = Buffer.alloc(512);
  Buffer.from(spec.name).copy(block, 0, 0, 100);
  block.write(octal(spec.mode ?? 0o644, 8), 100);
  block.write(octal(spec.uid ?? 0, 8), 108);
  block.write(octal(spec.gid ?? 0, 8), 116);
  block.write(size > 0o77777777777 ? '' : octal(size, 12), 124);
  block.write(octal(spec.mtime ?? 0, 12), 136);
  block.write(spec.type ?? '0', 156, 'latin1');
  Buffer.from(spec.link ?? '').copy(block, 157, 0, 100);
  block.write(spec.magic ?? 'ustar\u000000', 257, 'latin1');
  block.write(octal(spec.major ?? 0, 8), 329);
  block.write(octal(spec.minor ?? 0, 8), 337);
  block.write(spec.prefix ?? '', 345);
  block.write('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0) + (spec.badChecksum ? 1 : 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

export function paxBody(records: Readonly<Record<string, string | Buffer>>): Buffer {
  return Buffer.concat(
    Object.entries(records).map(([key, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
      let length = rest.length;
      while (String(length).length + rest.length !== length) length += 1;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}

export function entry(spec: Spec): Buffer {
  const data = Buffer.from(spec.data ?? '');
  const own = Buffer.concat([header(spec, spec.size ?? data.length), pad(data)]);
  if (spec.pax === undefined) return own;
  const body = paxBody(spec.pax);
  return Buffer.concat([header({ name: 'pax', type: 'x' }, body.length), pad(body), own]);
}

/** A whole archive; buffers among the specs go in as they are. */
export function archive(...specs: readonly (Spec | Buffer)[]): Buffer {
  const parts = specs.map((spec) => (Buffer.isBuffer(spec) ? spec : entry(spec)));
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** As a stream in pieces of this size. */
export function streamOf(bytes: Buffer, piece = 65_536): Readable {
  function* pieces() {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  }
  return Readable.from(pieces());
}

/** The tree of layers given as archives, the lowest first. */
export async function treeOf(
  layers: readonly Buffer[],
  options: { readonly piece?: number; readonly limits?: Partial<Limits> } = {},
): Promise<FileTree> {
  const indexed = await Promise.all(
    layers.map(async (bytes, number) => {
      const digest = `sha256:layer${number}`;
      const open = () => Promise.resolve(streamOf(bytes, options.piece));
      const limits = options.limits ?? {};
      return { digest, open, index: await indexLayer(open, { layer: digest, limits }) };
    }),
  );
  return mergeLayers(indexed, 'sha256:tree');
}

export async function bytesOf(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** What another reader (tar-stream) finds in an archive: header, then content, in order. */
export async function readBack(tar: Readable) {
  const reader = extract();
  const found: (Pick<Header, 'name' | 'type' | 'mode' | 'uid' | 'gid' | 'linkname'> & {
    readonly content: string;
  })[] = [];
  tar.pipe(reader);
  tar.once('error', (error: Error) => {
    reader.destroy(error);
  });
  for await (const one of reader) {
    const parts: Buffer[] = [];
    for await (const part of one) parts.push(part as Buffer);
    const { name, type, mode, uid, gid, linkname } = one.header;
    const content = Buffer.concat(parts).toString('latin1');
    found.push({ name, type, mode, uid, gid, linkname, content });
  }
  return found;
}

/** A tree in few words: `path` of directories with a slash, files as `path=content`, links by arrow. */
export async function summary(tree: FileTree): Promise<string[]> {
  const lines: string[] = [];
  for (const { path, type, target, linkOf } of tree.entries()) {
    if (path === '') continue;
    if (linkOf !== undefined) lines.push(`${path} == ${linkOf}`);
    else if (type === 'directory') lines.push(`${path}/`);
    else if (type === 'symlink') lines.push(`${path} -> ${target ?? ''}`);
    else if (type === 'file') lines.push(`${path}=${(await tree.readFile(path)).toString()}`);
    else lines.push(`${path} (${type})`);
  }
  return lines;
}
