/** A tree from a list: what to put where, with contents from host files or from memory. */

import { createHash } from 'node:crypto';
import { type BigIntStats, realpathSync, statSync } from 'node:fs';
import { LupineError, isSystemError } from '../../support/errors.js';
import type { FileTree, Metadata } from '../types.js';
import type { ContentSource } from './content.js';
import { NodeTree } from './file-tree.js';
import { hostSource, type HostFile } from './host-content.js';
import { DirectoryNode, FileNode, newRoot, PLAIN_DIRECTORY, walk } from './nodes.js';
import {
  checkXattrs,
  deviceNumbers,
  ownerId,
  plainPath,
  symlinkTarget,
  wholeTime,
} from './rules.js';

interface Common {
  /** Where in the tree; a leading `/` is fine. Missing parents are made. */
  readonly path: string;
  /** 0 unless told. */
  readonly uid?: number;
  readonly gid?: number;
  /** Permission bits. Files: the host file's, or 0644 for bytes; directories 0755; devices, FIFOs 0644. */
  readonly mode?: number;
  /** Seconds. The host file's, else 0. */
  readonly mtime?: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

export type HostEntry = Common &
  (
    | { readonly type: 'file'; readonly from: string }
    | { readonly type: 'file'; readonly bytes: Uint8Array }
    | { readonly type: 'directory' | 'fifo' }
    | { readonly type: 'symlink'; readonly target: string }
    | { readonly type: 'link'; readonly to: string }
    | { readonly type: 'character' | 'block'; readonly major: number; readonly minor: number }
  );

/**
 * Builds the tree of these entries, in order: a later one replaces an earlier one of the same path,
 * directories merge. Entries go through symbolic links of the list as layers' do. `from` is followed
 * if it is a link on the host. Reads every file once, for the digest.
 * @throws LupineError when a host file cannot be read, or an entry has no sense.
 */
export async function hostTree(
  entries: Iterable<HostEntry>,
  signal?: AbortSignal,
): Promise<FileTree> {
  const root = newRoot();
  const contents: (HostFile | Uint8Array)[] = [];
  for (const entry of entries) {
    const path = plainPath(entry.path);
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const { metadata, content } = described(entry);
    if (path === '') {
      root.metadata = metadata;
      continue;
    }
    const up = walk(root, path.slice(0, Math.max(slash, 0)), { followLast: true, create: true });
    if (!(up?.node instanceof DirectoryNode)) unusable('a file is used as a directory', path);
    const parent = up.node;
    const existing = parent.children.get(name);
    if (entry.type === 'directory') {
      if (existing instanceof DirectoryNode) existing.metadata = metadata;
      else parent.addDirectory(name, metadata);
    } else if (entry.type === 'link') {
      const target = walk(root, entry.to, { followLast: false })?.node;
      if (!(target instanceof FileNode)) unusable('a hard link points to no file', path);
      parent.children.set(name, target);
    } else {
      parent.children.set(name, new FileNode(metadata, 0, contents.length));
      if (content !== undefined) contents.push(content);
    }
  }
  return digestedTree(root, hostSource(contents), signal);
}

/** A host file with all that was found of it. */
type FoundFile = HostFile & { readonly stat: BigIntStats };

function described(entry: HostEntry): { metadata: Metadata; content?: HostFile | Uint8Array } {
  const content = contentOf(entry);
  const stat = content === undefined || content instanceof Uint8Array ? undefined : content.stat;
  const size = content instanceof Uint8Array ? content.length : Number(stat?.size ?? 0);
  const usual =
    stat === undefined ? (entry.type === 'directory' ? 0o755 : 0o644) : Number(stat.mode);
  const xattrs = entry.xattrs ?? PLAIN_DIRECTORY.xattrs;
  checkXattrs(xattrs);
  const metadata: Metadata = {
    type: entry.type === 'link' ? 'file' : entry.type,
    mode: entry.type === 'symlink' ? 0o777 : (entry.mode ?? usual) & 0o7777,
    uid: ownerId(entry.uid ?? 0),
    gid: ownerId(entry.gid ?? 0),
    mtime: wholeTime(entry.mtime ?? Number(stat?.mtimeMs ?? 0) / 1000),
    size,
    xattrs,
    ...(entry.type === 'symlink' ? { target: symlinkTarget(entry.target) } : {}),
    ...('major' in entry ? deviceNumbers(entry.major, entry.minor) : {}),
  };
  return content === undefined ? { metadata } : { metadata, content };
}

function contentOf(entry: HostEntry): FoundFile | Uint8Array | undefined {
  if (entry.type !== 'file') return undefined;
  if ('bytes' in entry) return entry.bytes;
  try {
    const path = realpathSync(entry.from);
    const stat = statSync(path, { bigint: true });
    if (!stat.isFile()) unusable('this is not a regular file', entry.from);
    return { path: Buffer.from(path), stat };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new LupineError(`a file cannot be read (${error.code ?? 'error'})`, {
      where: entry.from,
      cause: error,
    });
  }
}

/** The tree of these nodes; its digest is that of its tar, which says all that reaches a disk. */
export async function digestedTree(
  root: DirectoryNode,
  source: ContentSource,
  signal: AbortSignal | undefined,
): Promise<FileTree> {
  const hash = createHash('sha256');
  for await (const piece of new NodeTree(root, [source], '').tar(signal)) {
    hash.update(piece as Buffer);
  }
  return new NodeTree(root, [source], `sha256:${hash.digest('hex')}`);
}

function unusable(what: string, where: string): never {
  throw new LupineError(what, { where });
}
