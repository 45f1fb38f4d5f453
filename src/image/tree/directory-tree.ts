/**
 * The tree of a directory on this machine (`dir:`). Nothing is followed: links are taken as links.
 * Owners, modes and times are those on disk, hard links are found by inode, sockets are left out.
 * Extended attributes are not read, since Node.js has no call for it: an image whose files carry
 * capabilities is better given as an OCI layout.
 */

import { lstatSync, readdirSync, readlinkSync, type BigIntStats } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { LupineError, isSystemError } from '../../support/errors.js';
import type { EntryType, FileTree, Metadata } from '../types.js';
import { hostSource, type HostFile } from './host-content.js';
import { digestedTree } from './host-tree.js';
import { decodeName } from '../../support/name-bytes.js';
import { DirectoryNode, FileNode, newRoot, PLAIN_DIRECTORY } from './nodes.js';
import { wholeTime } from './rules.js';

/**
 * Lists the directory and reads every file once, for the digest.
 * @throws LupineError when it is no directory, or something in it cannot be read or changes meanwhile.
 */
export async function directoryTree(path: string, signal?: AbortSignal): Promise<FileTree> {
  const walker = new Walker();
  const stat = walker.stat(Buffer.from(path.replace(/\/*$/, '/')));
  if (!stat.isDirectory()) throw new LupineError('this is not a directory', { where: path });
  const root = newRoot();
  root.metadata = metadataOf('directory', stat);
  const pending: Pending[] = [{ path: Buffer.from(path), node: root }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    signal?.throwIfAborted();
    pending.push(...walker.list(next.path, next.node));
    // Lets Ctrl-C and the progress line through.
    await setImmediate();
  }
  return digestedTree(root, hostSource(walker.contents), signal);
}

interface Pending {
  readonly path: Buffer;
  readonly node: DirectoryNode;
}

class Walker {
  readonly contents: HostFile[] = [];
  readonly #byInode = new Map<string, FileNode>();

  /** Adds a directory's names to its node; returns the directories among them. */
  list(path: Buffer, node: DirectoryNode): Pending[] {
    const below: Pending[] = [];
    for (const name of readable(path, () => readdirSync(path, { encoding: 'buffer' }))) {
      const child = Buffer.concat([path, Buffer.from('/'), name]);
      const stat = this.stat(child);
      if (stat.isSocket()) continue;
      const text = decodeName(name);
      if (stat.isDirectory()) {
        below.push({
          path: child,
          node: node.addDirectory(text, metadataOf('directory', stat)),
        });
      } else {
        node.children.set(text, this.#file(child, stat));
      }
    }
    return below;
  }

  stat(path: Buffer): BigIntStats {
    return readable(path, () => lstatSync(path, { bigint: true }));
  }

  #file(path: Buffer, stat: BigIntStats): FileNode {
    const inode = `${String(stat.dev)}:${String(stat.ino)}`;
    const known = stat.nlink > 1n ? this.#byInode.get(inode) : undefined;
    if (known !== undefined) return known;
    const node = new FileNode(fileMetadata(path, stat), 0, this.contents.length);
    if (node.metadata.type === 'file') {
      // Not all of `stat`: a tree has many files, and it is a kilobyte.
      const { dev, ino, size, mtimeNs } = stat;
      this.contents.push({ path, stat: { dev, ino, size, mtimeNs } });
    }
    if (stat.nlink > 1n) this.#byInode.set(inode, node);
    return node;
  }
}

function fileMetadata(path: Buffer, stat: BigIntStats): Metadata {
  if (stat.isFile()) return metadataOf('file', stat);
  if (stat.isFIFO()) return metadataOf('fifo', stat);
  if (stat.isSymbolicLink()) {
    const target = readable(path, () => readlinkSync(path, { encoding: 'buffer' }));
    return { ...metadataOf('symlink', stat), mode: 0o777, target: decodeName(target) };
  }
  // Linux's encoding of dev_t as glibc gives it (makedev(3)), within the kernel's 12:20 bits.
  const device = Number(stat.rdev);
  const major = (device >>> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00);
  const type = stat.isBlockDevice() ? 'block' : 'character';
  return { ...metadataOf(type, stat), major, minor };
}

function metadataOf(type: EntryType, stat: BigIntStats): Metadata {
  return {
    type,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: wholeTime(Number(stat.mtimeNs / 1_000_000_000n)),
    size: type === 'file' ? Number(stat.size) : 0,
    xattrs: PLAIN_DIRECTORY.xattrs,
  };
}

function readable<T>(path: Buffer, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new LupineError(`the directory cannot be read (${error.code ?? 'error'})`, {
      where: path.toString(),
      cause: error,
    });
  }
}
