/**
 * Gathers the names of an image from the host: each file under its own path, with the directories
 * and symbolic links that lead to it, so that in the guest every path means what it means here.
 *
 * The first to claim a name has it: who calls first decides. A directory taken only because it is on
 * the way gives way to the same directory asked for by itself.
 */

import type * as fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { LupineError } from '../../support/errors.js';
import { MAX_LINKS } from './host.js';
import type { Host } from './host.js';

export interface Collected {
  /** Absolute in the image; the root is `/`. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds; 0 for directories on the way, whose times tell only when the host was last upgraded. */
  readonly mtime: number;
  readonly target?: string;
  /** Of files: bytes, or a path of the host without links, with the size it had. */
  readonly content?: Buffer | { readonly file: string; readonly size: number };
  /** A directory that nobody asked for. */
  readonly onTheWay?: true;
}

interface WalkOptions {
  /** Also take what symbolic links point to: for directories of the system, never for a user's own. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called for each regular file: its place in the image, and on the host. */
  readonly onFile?: (path: string, real: string, stats: fs.Stats) => void;
}

const MAX_ENTRIES = 1_000_000;
/** Never copied by walking over them: the passwords of this machine's users. */
const SECRET = /^\/etc\/g?shadow-?$/;
/** Their content is the kernel's. */
const KERNEL_DIRECTORY = /^\/(?:proc|sys|dev)(?:\/|$)/;
/** Where a link may lead a walk that follows them. */
const SYSTEM_DIRECTORY = /^\/(?:usr|etc|opt|lib)\/./;
const FILES_BETWEEN_PAUSES = 256;

export class Collector {
  readonly entries = new Map<string, Collected>();
  /** What walks left out: sockets, devices, and files that hold secrets. */
  readonly skipped: string[] = [];
  /** Links that were taken but not followed: place in the image → path on the host. */
  readonly unfollowed = new Map<string, string>();
  readonly #host: Host;
  #walked = 0;

  constructor(host: Host) {
    this.#host = host;
    this.#put({ path: '/', type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 });
  }

  addDirectory(path: string, mode: number): void {
    const at = this.#enterParent(path);
    this.#put({ path: at, type: 'directory', mode, uid: 0, gid: 0, mtime: 0 });
  }

  addLink(path: string, target: string): void {
    const at = this.#enterParent(path);
    this.#put({ path: at, type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime: 0, target });
  }

  addBytes(path: string, content: Buffer): void {
    const at = this.#enterParent(path);
    this.#put({ path: at, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, content });
  }

  /**
   * Adds a file or directory of the host (not what is in it), with every link on its way.
   * @returns false when there is none.
   */
  addHost(path: string): boolean {
    const place = this.#host.locate(path);
    if (place === undefined) return false;
    const at = this.#enter(path, true);
    if (place.stats.isFile()) this.#putHost(at, place.path, place.stats);
    return true;
  }

  /**
   * Adds a file, or a directory with all that is in it.
   * @param source a path of the host, links followed. @param destination its name in the image.
   * @returns false when there is none.
   */
  async walk(source: string, destination: string, options: WalkOptions = {}): Promise<boolean> {
    const place = this.#host.locate(source);
    if (place === undefined) return false;
    // A file given another name replaces a link of that name; what keeps its name keeps its links.
    const linked = source === destination || place.stats.isDirectory();
    const at = linked ? this.#enter(destination, false) : this.#enterParent(destination);
    await this.#walkInto(place.path, at, place.stats, options, new Set());
    return true;
  }

  async #walkInto(
    real: string,
    at: string,
    stats: fs.Stats,
    options: WalkOptions,
    seen: Set<string>,
  ): Promise<void> {
    await this.#pause(options.signal);
    if (stats.isFile()) {
      this.#putHost(at, real, stats);
      options.onFile?.(at, real, stats);
      return;
    }
    if (!stats.isDirectory()) {
      this.skipped.push(real);
      return;
    }
    if (seen.has(real)) return;
    seen.add(real);
    this.#put({ ...metadata(stats), path: at, type: 'directory' });
    if (KERNEL_DIRECTORY.test(real)) return;
    for (const name of this.#host.list(real)) {
      const child = join(real, name);
      const step = this.#host.step(child);
      if (step === undefined) continue;
      if (SECRET.test(child)) this.skipped.push(child);
      else if (step.target !== undefined) {
        this.#put({
          ...metadata(step.stats),
          path: join(at, name),
          type: 'symlink',
          target: step.target,
        });
        if (options.follow === true) await this.#followLink(child, options, seen);
        else this.unfollowed.set(join(at, name), child);
      } else {
        await this.#walkInto(child, join(at, name), step.stats, options, seen);
      }
    }
  }

  async #followLink(link: string, options: WalkOptions, seen: Set<string>): Promise<void> {
    const place = this.#host.locate(link);
    if (place === undefined || SECRET.test(place.path)) return;
    const wanted = place.stats.isFile() || SYSTEM_DIRECTORY.test(place.path);
    if (!wanted || KERNEL_DIRECTORY.test(place.path)) return;
    this.addHost(link);
    await this.#walkInto(place.path, place.path, place.stats, options, seen);
  }

  /** Lets others run now and then, and stops when told to. */
  async #pause(signal: AbortSignal | undefined): Promise<void> {
    this.#walked += 1;
    if (this.#walked % FILES_BETWEEN_PAUSES !== 0) return;
    await setImmediate();
    signal?.throwIfAborted();
  }

  #enterParent(path: string): string {
    const slash = path.lastIndexOf('/');
    const parent = this.#enter(path.slice(0, slash), true);
    if (this.entries.get(parent)?.type !== 'directory') throw notDirectory(parent);
    return join(parent, path.slice(slash + 1));
  }

  /**
   * Adds what leads to a path: directories and links, as they are in the image already, else as on
   * the host, else new directories. Where the last part is a file, it is not added itself.
   * @param whole false to leave out the last part unless it is a link.
   * @returns the path without links.
   */
  #enter(path: string, whole: boolean): string {
    const pending = path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .reverse();
    let here = '/';
    let links = 0;
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      if (part === '..') {
        here = here.slice(0, Math.max(1, here.lastIndexOf('/')));
        continue;
      }
      const next = join(here, part);
      const known = this.entries.get(next) ?? this.#onTheWay(next);
      if (known.target !== undefined) {
        links += 1;
        if (links > MAX_LINKS) throw new LupineError('too many symbolic links', { where: path });
        this.#put(known);
        if (known.target.startsWith('/')) here = '/';
        pending.push(
          ...known.target
            .split('/')
            .filter((p) => p !== '' && p !== '.')
            .reverse(),
        );
        continue;
      }
      if (known.type === 'directory' && (whole || pending.length > 0)) this.#put(known);
      if (known.type === 'file' && pending.length > 0) throw notDirectory(next);
      here = next;
    }
    return here;
  }

  #onTheWay(path: string): Collected {
    const step = this.#host.step(path);
    const base = { path, mtime: 0 };
    if (step === undefined) {
      return { ...base, type: 'directory', mode: 0o755, uid: 0, gid: 0, onTheWay: true };
    }
    const own = { ...metadata(step.stats), ...base };
    if (step.target !== undefined) return { ...own, type: 'symlink', target: step.target };
    return { ...own, ...(step.stats.isDirectory() ? WAY : { type: 'file' as const }) };
  }

  #putHost(path: string, real: string, stats: fs.Stats): void {
    const content = { file: real, size: stats.size };
    this.#put({ ...metadata(stats), path, type: 'file', content });
  }

  #put(entry: Collected): void {
    const known = this.entries.get(entry.path);
    if (known === undefined) {
      if (this.entries.size >= MAX_ENTRIES) {
        throw new LupineError(`more than ${MAX_ENTRIES} files`, {
          where: entry.path,
          fix: 'include a smaller directory',
        });
      }
      this.entries.set(entry.path, entry);
      return;
    }
    if ((known.type === 'directory') !== (entry.type === 'directory')) {
      throw notDirectory(entry.path);
    }
    if (known.onTheWay === true && entry.onTheWay !== true) this.entries.set(entry.path, entry);
  }
}

const WAY = { type: 'directory', onTheWay: true } as const;

function notDirectory(path: string): LupineError {
  return new LupineError('a file and a directory would have the same name', {
    where: path,
    fix: 'include one of them under another name: SOURCE:DESTINATION',
  });
}

function metadata(stats: fs.Stats): Pick<Collected, 'mode' | 'uid' | 'gid' | 'mtime'> {
  return {
    mode: stats.isSymbolicLink() ? 0o777 : stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    mtime: Math.max(0, Math.floor(stats.mtimeMs / 1000)),
  };
}

function join(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}
