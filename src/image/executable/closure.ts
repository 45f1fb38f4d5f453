/**
 * The files that programs need to be loaded: interpreters and libraries, found by reading ELF files
 * as their own loaders would, breadth first. Nothing is run.
 */

import { LupineError } from '../../support/errors.js';
import { isNative, readElf, readIdentity } from './elf.js';
import type { ElfFile } from './elf.js';
import type { Host } from './host.js';
import { loaderOf } from './loader.js';
import type { LoadedObject, Loader } from './loader.js';

/** More than this make no real program. */
const MAX_LIBRARIES = 20_000;

export interface MissingLibrary {
  readonly library: string;
  readonly neededBy: string;
  readonly looked: readonly string[];
}

/** A program with its loader, and what is in memory once it is loaded. */
export interface Program {
  readonly object: LoadedObject;
  /** Absent in static programs. */
  readonly loader?: Loader;
  /** By every name under which the loader knows it. */
  readonly loaded: ReadonlyMap<string, LoadedObject>;
  /** What is not on this machine, and without which the program does not start. */
  readonly missing: readonly MissingLibrary[];
}

type Scope = Pick<Program, 'object' | 'loader'>;

export class Closure {
  /** Libraries and interpreters by the paths that loaders use, in the order found. */
  readonly libraries = new Set<string>();
  /** Settings files of loaders. */
  readonly settings = new Set<string>();
  /** What the guest's `ld.so.cache` has to say. Undefined where no program reads one. */
  readonly cache = new Map<string, string>();
  readonly #host: Host;
  readonly #files = new Map<string, ElfFile | undefined>();

  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * Adds a program and all it is loaded with.
   * @param path where it really is.
   * @throws LupineError when it is no x86-64 program.
   */
  addProgram(path: string): Program {
    const elf = this.#host.withFile(path, readElf);
    const object: LoadedObject = { path, elf };
    if (elf.interpreter === undefined) return { object, loaded: new Map(), missing: [] };
    if (this.#usable(elf.interpreter) === undefined) {
      const missing = [{ library: elf.interpreter, neededBy: path, looked: [] }];
      return { object, loaded: new Map(), missing };
    }
    this.#remember(elf.interpreter);
    const loader = loaderOf(elf.interpreter, this.#host);
    for (const file of loader.settings) this.settings.add(file);
    const loaded = new Map<string, LoadedObject>();
    return { object, loader, loaded, missing: this.#load(object, { object, loader }, loaded) };
  }

  /**
   * Adds a library that a program opens while it runs, and what that needs.
   * @returns what is not on this machine: whether the program ever opens it is not known.
   */
  addLibrary(path: string, program: Program): readonly MissingLibrary[] {
    const elf = this.#usable(path);
    if (elf === undefined || program.loader === undefined) return [];
    const object: LoadedObject = { path, elf, loadedBy: program.object };
    return this.#load(object, program, new Map(program.loaded));
  }

  /**
   * Adds a library that a program opens by name while it runs, where this machine has it.
   * @returns as `addLibrary`.
   */
  addNamed(name: string, program: Program): readonly MissingLibrary[] {
    const found = this.#search(name, program.object, program);
    return 'library' in found ? [] : this.addLibrary(found.path, program);
  }

  #load(
    first: LoadedObject,
    program: Scope,
    loaded: Map<string, LoadedObject>,
  ): readonly MissingLibrary[] {
    const missing: MissingLibrary[] = [];
    const queue = [first];
    // The queue grows while it is walked: that is what makes the search breadth first.
    for (const requester of queue) {
      for (const name of requester.elf.needed) {
        if (loaded.has(name) || program.loader?.isLoader(name) === true) continue;
        const found = this.#search(name, requester, program);
        if ('library' in found) {
          missing.push(found);
          continue;
        }
        loaded.set(name, found);
        if (found.elf.soname !== undefined) loaded.set(found.elf.soname, found);
        queue.push(found);
      }
    }
    return missing;
  }

  #search(name: string, requester: LoadedObject, program: Scope): LoadedObject | MissingLibrary {
    const looked: string[] = [];
    const candidates = program.loader?.candidates(name, requester, program.object) ?? [];
    for (const { path, shared } of candidates) {
      const elf = this.#usable(path);
      if (elf === undefined) {
        looked.push(path.slice(0, Math.max(1, path.lastIndexOf('/'))));
        continue;
      }
      // Run paths too, behind shared places: without /proc the guest's loader knows no $ORIGIN.
      if (program.loader?.usesCache === true && (shared || !this.cache.has(name))) {
        this.cache.set(name, path);
      }
      const object = { path, elf, loadedBy: requester };
      this.#remember(path);
      return object;
    }
    return { library: name, neededBy: requester.path, looked: [...new Set(looked)] };
  }

  /** The library at a path; undefined when there is none or it is for another machine, as loaders see it. */
  #usable(path: string): ElfFile | undefined {
    if (this.#files.has(path)) return this.#files.get(path);
    const place = this.#host.locate(path);
    const elf =
      place?.stats.isFile() === true
        ? this.#host.withFile(place.path, (source) => {
            const identity = readIdentity(source);
            return identity !== undefined && isNative(identity) ? readElf(source) : undefined;
          })
        : undefined;
    this.#files.set(path, elf);
    return elf;
  }

  #remember(path: string): void {
    this.libraries.add(path);
    if (this.libraries.size > MAX_LIBRARIES) {
      throw new LupineError(`more than ${MAX_LIBRARIES} libraries are needed`, { where: path });
    }
  }
}

/** What a user reads when a library is nowhere. */
export function missingError(missing: MissingLibrary): LupineError {
  const looked = missing.looked.length === 0 ? '' : `, looked in ${missing.looked.join(', ')}`;
  return new LupineError(`the library ${missing.library} is not on this machine`, {
    where: `needed by ${missing.neededBy}${looked}`,
    fix: 'install the package that has it, or run ldconfig if it is in a directory of /etc/ld.so.conf',
  });
}
