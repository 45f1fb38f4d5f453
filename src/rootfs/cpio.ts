/**
 * Writes cpio archives in the newc form that the kernel unpacks at boot
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Every archive ends with its trailer,
 * so that several may be joined without their inode numbers meeting.
 */

import { open } from 'node:fs/promises';
import type { FileTree, TreeEntry } from '../image/types.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { encodeName } from '../support/name-bytes.js';
import { contentsOf } from './contents.js';
import { deviceOf, isDevice, modeOf } from './devices.js';
import { ImageWriter } from './image-writer.js';
import { Inodes } from './inodes.js';
import { PATH_MAX, targetOf } from './names.js';

/** Where an application's files lie in its initramfs, apart from init's own. */
export const APPLICATION_PREFIX = 'app';

const TRAILER = 'TRAILER!!!';
const MAX_FIELD = 0xffffffff;
const ALIGN = 4;

interface Header {
  readonly name: Buffer;
  readonly ino: number;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly links?: number;
  readonly mtime?: number;
  readonly size?: number;
  readonly major?: number;
  readonly minor?: number;
}

/** A header with the name, padded so that content may follow. */
function encodeHeader(header: Header): Buffer {
  const { name, ino, mode, uid = 0, gid = 0, links = 1, mtime = 0, size = 0 } = header;
  const fields = [ino, mode, uid, gid, links, mtime, size, 0, 0, header.major ?? 0];
  fields.push(header.minor ?? 0, name.length + 1, 0);
  const text = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  const head = Buffer.from(`070701${text}`, 'latin1');
  const bytes = Buffer.alloc(aligned(head.length + name.length + 1));
  head.copy(bytes);
  name.copy(bytes, head.length);
  return bytes;
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGN) * ALIGN;
}

function trailer(): Buffer {
  return encodeHeader({ name: Buffer.from(TRAILER), ino: 0, mode: 0 });
}

export interface CpioFile {
  /** Relative to the root, e.g. `lupine/settings`. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly content: Uint8Array;
}

/** A small archive of regular files, with the directories they are in; all belong to root. */
export function cpioArchive(files: readonly CpioFile[]): Buffer {
  const parts: Buffer[] = [];
  const directories = new Set<string>();
  let ino = 1;
  for (const { path, mode, content } of files) {
    const names = path.split('/');
    if (names.some((name) => ['', '.', '..', TRAILER].includes(name))) {
      throw new Error(`not a path for an archive: ${path}`);
    }
    for (let depth = 1; depth < names.length; depth++) {
      const directory = names.slice(0, depth).join('/');
      if (directories.has(directory)) continue;
      directories.add(directory);
      parts.push(encodeHeader({ name: Buffer.from(directory), ino: ino++, mode: 0o040755 }));
    }
    const header = { name: Buffer.from(path), ino: ino++, mode: 0o100000 | (mode & 0o7777) };
    parts.push(encodeHeader({ ...header, size: content.length }));
    parts.push(Buffer.from(content), Buffer.alloc(aligned(content.length) - content.length));
  }
  return Buffer.concat([...parts, trailer()]);
}

/**
 * Writes a tree as an uncompressed archive into a new file, its root as the directory `app`.
 * Extended attributes are lost: the format has none.
 * @param progress told the bytes of contents written so far.
 * @throws LupineError when a file is larger than the format's 4 GiB, or a path too long.
 */
export async function writeInitramfs(
  tree: FileTree,
  output: string,
  context: Context,
  progress?: (bytes: number) => void,
): Promise<void> {
  for (const entry of tree.entries()) checkLimits(entry);
  const inodes = new Inodes(tree);
  const file = await open(output, 'wx', 0o644);
  try {
    const writer = new ImageWriter(file, ALIGN);
    let position = 0;
    const append = async (bytes: Buffer) => {
      await writer.write(position, bytes);
      position += bytes.length;
    };
    const root = tree.get('');
    if (root !== undefined) await append(member(root, inodes.linksOf(root)));
    let done = 0;
    for await (const { entry, data } of contentsOf(tree, context.signal)) {
      await append(member(entry, inodes.linksOf(entry)));
      for await (const piece of data) {
        await append(piece);
        done += piece.length;
        progress?.(done);
      }
      position = aligned(position);
    }
    await append(trailer());
    await writer.end();
    await file.truncate(position);
  } finally {
    await file.close();
  }
}

/** The header of one name; of a symbolic link with its text. */
function member(entry: TreeEntry, links: number): Buffer {
  const symlink = entry.type === 'symlink';
  const device = isDevice(entry) ? deviceOf(entry) : 0;
  const target = symlink ? targetOf(entry) : Buffer.alloc(0);
  const header = encodeHeader({
    name: archiveName(entry.path),
    ino: entry.inode + 1,
    mode: modeOf(entry),
    uid: entry.uid,
    gid: entry.gid,
    // The kernel makes no hard links of symbolic links: each name is one of its own.
    links: symlink ? 1 : links,
    mtime: Math.max(0, Math.min(MAX_FIELD, entry.mtime)),
    // A file's content comes with its first name, which the kernel links the others to.
    size: symlink ? target.length : entry.linkOf === undefined ? entry.size : 0,
    ...(device === 0 ? {} : { major: entry.major ?? 0, minor: entry.minor ?? 0 }),
  });
  return Buffer.concat([header, target, Buffer.alloc(aligned(target.length) - target.length)]);
}

function archiveName(path: string): Buffer {
  return encodeName(path === '' ? APPLICATION_PREFIX : `${APPLICATION_PREFIX}/${path}`);
}

function checkLimits(entry: TreeEntry): void {
  const fix = 'use the format ext2, squashfs or erofs';
  if (entry.size > MAX_FIELD) {
    throw new LupineError('a file is larger than the 4 GiB of an initramfs', {
      where: entry.path,
      fix,
    });
  }
  if (archiveName(entry.path).length >= PATH_MAX) {
    throw new LupineError('a path is too long for an initramfs', { where: entry.path, fix });
  }
}
