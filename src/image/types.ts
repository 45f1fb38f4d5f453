/** The vocabulary of `image/`: an application as files and a way to start it, wherever it came from. */

import type { Readable } from 'node:stream';

export type EntryType = 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo';

/** What a file system keeps of a file beside its names and content. */
export interface Metadata {
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch, whole. */
  readonly mtime: number;
  /** Bytes; 0 for all but files. */
  readonly size: number;
  /** Extended attributes by full name, e.g. `security.capability`. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** Target text of a symbolic link. */
  readonly target?: string;
  /** Of device nodes. */
  readonly major?: number;
  readonly minor?: number;
}

/** One name in a file tree. */
export interface TreeEntry extends Metadata {
  /** Slash-separated, relative, normal: no empty, `.` or `..` part. The root is the empty string. */
  readonly path: string;
  /** Which file it is, numbered from 0 in the order of first names; hard links share the number. */
  readonly inode: number;
  /** Path of the first name of the same file, where this is a further hard link to it. */
  readonly linkOf?: string;
}

/**
 * The files of an application: layers applied, nothing unpacked. Metadata is in memory, contents
 * stay where they are (layer blobs, host files) and are streamed when asked for.
 */
export interface FileTree {
  /** `sha256:…` of everything that reaches a disk: the same digest means the same bytes. */
  readonly digest: string;
  readonly entryCount: number;
  /** As `entryCount`, hard links counted once. */
  readonly inodeCount: number;
  /** Sum of file sizes, hard links counted once. */
  readonly contentBytes: number;
  get(path: string): TreeEntry | undefined;
  /** As `get`, following symbolic links inside the tree as a kernel with this root would. */
  resolve(path: string): TreeEntry | undefined;
  /** Parents before children, siblings in byte order; the root first. */
  entries(): Iterable<TreeEntry>;
  /** What is in a directory, sorted; follows nothing. */
  children(path: string): Iterable<TreeEntry>;
  /** Names in a directory, sorted. */
  list(path: string): readonly string[];
  /** The content of a file (links followed). @throws LupineError when absent or larger than limit. */
  readFile(path: string, limit?: number): Promise<Buffer>;
  /**
   * All of it as one normalised pax tar: every parent before its children, hard links after their
   * targets, the same bytes for the same digest. Backpressure is honoured; memory does not grow
   * with content.
   */
  tar(signal?: AbortSignal): Readable;
}

/** How an image says its application is started (OCI image specification, config). */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=value`, in order. */
  readonly env: readonly string[];
  /** `name|uid[:group|gid]`; empty means root. */
  readonly user: string;
  /** Absolute; `/` unless told. */
  readonly workingDir: string;
  /** Ports as `80/tcp`. */
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  /** Name or number; SIGTERM unless told. */
  readonly stopSignal: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface LayerInfo {
  /** Of the blob as stored (compressed). */
  readonly digest: string;
  /** Of the uncompressed tar. */
  readonly diffId: string;
  readonly mediaType: string;
  readonly size: number;
}

/** When a registry is asked what a name means: `missing` asks only for what is not on this machine. */
export type PullPolicy = 'always' | 'missing' | 'never';

export type SourceKind =
  'registry' | 'oci' | 'oci-archive' | 'docker-archive' | 'directory' | 'executable';

export interface Image {
  /** As the user wrote it. */
  readonly reference: string;
  readonly kind: SourceKind;
  /** Short name for people and for the catalogue: `nginx` of `docker.io/library/nginx:alpine`. */
  readonly name: string;
  /** `sha256:…`: the manifest's digest; a docker archive's configuration's; else the tree's. */
  readonly digest: string;
  /** In OCI's words: `amd64`. */
  readonly architecture: string;
  readonly config: ImageConfig;
  readonly layers: readonly LayerInfo[];
  readonly tree: FileTree;
}
