/** Layers of images: tars with owners, modes and times exactly as written, made without root. */

import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { pack, type Header } from 'tar-stream';

/** A file, directory, symbolic or hard link of a layer. */
export interface LayerEntry {
  /** Without a leading slash. */
  readonly name: string;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link';
  /** Of a file. */
  readonly content?: string | Buffer;
  /** Of a link. */
  readonly target?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** 2020-01-01 */
export const LAYER_TIME = 1_577_836_800;

/** Writes a layer. */
export async function writeLayer(path: string, entries: readonly LayerEntry[]): Promise<void> {
  const archive = pack();
  for (const entry of entries) {
    const type = entry.type ?? 'file';
    const header: Partial<Header> & { name: string } = {
      name: entry.name,
      type,
      mode: entry.mode ?? (type === 'directory' ? 0o755 : 0o644),
      uid: entry.uid ?? 0,
      gid: entry.gid ?? 0,
      mtime: new Date(LAYER_TIME * 1000),
      ...(entry.target === undefined ? {} : { linkname: entry.target }),
    };
    archive.entry(header, type === 'file' ? (entry.content ?? '') : '');
  }
  archive.finalize();
  await pipeline(archive, createWriteStream(path));
}
