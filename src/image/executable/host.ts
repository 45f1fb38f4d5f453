/**
 * The host's file system as this folder reads it: absolute paths below one root (`/`, or a directory
 * that stands for it), every symbolic link on the way seen and followed inside that root. Metadata is
 * read synchronously: there is much of it, each piece is tiny, and the walkers in between let others run.
 */

import * as fs from 'node:fs';
import { LupineError, isSystemError } from '../../support/errors.js';
import { decodeName, encodeName } from '../../support/name-bytes.js';
import type { ByteSource } from './elf.js';

/** As the kernel: more links than this on one way are a circle. */
export const MAX_LINKS = 40;

/** One name on the way to a file. */
export interface Step {
  readonly path: string;
  readonly stats: fs.Stats;
  /** Target text, of symbolic links. */
  readonly target?: string;
}

export interface Place {
  /** Where the file really is: no symbolic link in it. */
  readonly path: string;
  readonly stats: fs.Stats;
}

export class Host {
  readonly #root: string;
  readonly #steps = new Map<string, Step | undefined>();

  /** @param root a directory to take for `/`. */
  constructor(root = '/') {
    this.#root = root === '/' ? '' : root;
  }

  /** The path by which a process outside the root opens it. */
  outside(path: string): string {
    return `${this.#root}${path}`;
  }

  /**
   * Follows a path to its file, links and all.
   * @returns undefined when it leads nowhere.
   * @throws LupineError when a directory on the way may not be searched.
   */
  locate(path: string): Place | undefined {
    const pending = path.split('/').reverse();
    let here = '';
    let links = 0;
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        here = here.slice(0, Math.max(0, here.lastIndexOf('/')));
        continue;
      }
      const step = this.#step(`${here}/${part}`);
      if (step === undefined) return undefined;
      if (step.target === undefined) {
        here = step.path;
        if (pending.length > 0 && !step.stats.isDirectory()) return undefined;
        continue;
      }
      links += 1;
      if (links > MAX_LINKS) return undefined;
      if (step.target.startsWith('/')) here = '';
      pending.push(...step.target.split('/').reverse());
    }
    const last = this.#step(here);
    if (last === undefined) return undefined;
    return { path: here === '' ? '/' : here, stats: last.stats };
  }

  /** One name, not followed. */
  step(path: string): Step | undefined {
    return this.#step(path === '/' ? '' : path);
  }

  #step(path: string): Step | undefined {
    const known = this.#steps.get(path);
    if (known !== undefined || this.#steps.has(path)) return known;
    const step = this.#readStep(path);
    this.#steps.set(path, step);
    return step;
  }

  #readStep(path: string): Step | undefined {
    const name = encodeName(this.outside(path === '' ? '/' : path));
    return guarded(path, () => {
      const stats = fs.lstatSync(name, { throwIfNoEntry: false });
      if (stats === undefined) return undefined;
      if (!stats.isSymbolicLink()) return { path, stats };
      return { path, stats, target: decodeName(fs.readlinkSync(name, { encoding: 'buffer' })) };
    });
  }

  /** Names in a directory, in byte order; none when it is no directory. @param path a real one. */
  list(path: string): readonly string[] {
    return (
      guarded(path, () => {
        const names = fs.readdirSync(encodeName(this.outside(path)), { encoding: 'buffer' });
        return names.sort((a, b) => Buffer.compare(a, b)).map(decodeName);
      }) ?? []
    );
  }

  /** Lends the bytes of a regular file. @param path a real one. */
  withFile<T>(path: string, use: (source: ByteSource) => T): T {
    // Never waits for a FIFO's writer that was put there meanwhile.
    const flags = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOFOLLOW;
    const descriptor = guarded(path, () => fs.openSync(encodeName(this.outside(path)), flags));
    if (descriptor === undefined) throw new LupineError('no such file', { where: path });
    try {
      const { size } = fs.fstatSync(descriptor);
      return use({ name: path, size, read: (at, length) => readFully(descriptor, at, length) });
    } finally {
      fs.closeSync(descriptor);
    }
  }

  /** The content of a small configuration file, links followed; undefined when absent or larger. */
  read(path: string, limit: number): Buffer | undefined {
    const place = this.locate(path);
    if (place?.stats.isFile() !== true || place.stats.size > limit) return undefined;
    return this.withFile(place.path, (source) => source.read(0, limit));
  }
}

function readFully(descriptor: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const count = fs.readSync(descriptor, buffer, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return buffer.subarray(0, done);
}

/** Runs a look at the host; what is not there is undefined, what may not be read is the user's to mend. */
function guarded<T>(path: string, look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const absent = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];
    if (isSystemError(error) && absent.includes(error.code ?? '')) return undefined;
    if (isSystemError(error, 'EACCES') || isSystemError(error, 'EPERM')) {
      throw new LupineError('this file may not be read', {
        where: path === '' ? '/' : path,
        fix: 'run as a user who may read it, or change its permissions',
        cause: error,
      });
    }
    throw error;
  }
}
