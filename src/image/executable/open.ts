/**
 * A program of this machine as an image: the program under its own path, what its loader needs, what
 * it is known to open, the small files of /etc, the directories every program expects, and what the
 * user includes. Nothing is run.
 */

import { basename, dirname, resolve } from 'node:path';
import { LupineError } from '../../support/errors.js';
import type { Context } from '../../support/context.js';
import { hostTree } from '../tree/index.js';
import type { HostEntry } from '../tree/index.js';
import type { FileTree, Image } from '../types.js';
import { EMPTY_CONFIG } from '../config.js';
import { accountFiles } from './accounts.js';
import { Closure, missingError } from './closure.js';
import type { MissingLibrary, Program } from './closure.js';
import { Collector } from './collector.js';
import type { Collected } from './collector.js';
import { isNative, readElf, readIdentity } from './elf.js';
import type { ElfFile } from './elf.js';
import { Host } from './host.js';
import { formatLibraryCache } from './ldcache.js';
import { NEEDS, OPENED_BY_GLIBC, mentions } from './needs.js';
import type { Member, Need } from './needs.js';
import { DEFAULT_PATH, findProgram } from './program.js';
import type { Link } from './program.js';

export interface ExecutableOptions {
  /** Files and directories to take along: `PATH`, or `PATH:DESTINATION` with an absolute destination. */
  readonly include?: readonly string[];
}

/**
 * Makes an image of a program.
 * @param path of an ELF program for x86-64, or of a script whose interpreter is one.
 * @param host where to read; another root than `/` is for tests.
 * @throws LupineError when it is no such program, or a library of its is not on this machine.
 */
export async function openExecutable(
  path: string,
  options: ExecutableOptions,
  context: Context,
  host: Host = new Host(),
): Promise<Image> {
  context.signal?.throwIfAborted();
  const chain = findProgram(host, path);
  const entrypoint = chain[0]?.path ?? path;
  const name = basename(entrypoint);
  const task = context.progress.task(`collecting what ${name} needs`);
  let tree: FileTree;
  try {
    const assembly = new Assembly(host, context);
    const entries = await assembly.assemble(chain, options.include ?? []);
    tree = await hostTree(
      entries.map((entry) => hostEntry(host, entry)),
      context.signal,
    );
    assembly.tellBroken(tree);
  } catch (error) {
    task.fail();
    throw error;
  }
  task.succeed();
  return {
    reference: path,
    kind: 'executable',
    name,
    digest: tree.digest,
    architecture: 'amd64',
    config: {
      ...EMPTY_CONFIG,
      entrypoint: [entrypoint],
      env: [`PATH=${DEFAULT_PATH}`],
    },
    layers: [],
    tree,
  };
}

function hostEntry(host: Host, entry: Collected): HostEntry {
  const { path, mode, uid, gid, mtime, content } = entry;
  const common = { path, mode, uid, gid, mtime };
  if (entry.target !== undefined) return { ...common, type: 'symlink', target: entry.target };
  if (entry.type === 'directory') return { ...common, type: 'directory' };
  if (content === undefined || Buffer.isBuffer(content)) {
    return { ...common, type: 'file', bytes: content ?? Buffer.alloc(0) };
  }
  return { ...common, type: 'file', from: host.outside(content.file) };
}

/** Empty directories that programs and init expect, by mode. */
const DIRECTORIES: Readonly<Record<string, number>> = {
  '/dev': 0o755,
  '/etc': 0o755,
  '/proc': 0o555,
  '/root': 0o700,
  '/run': 0o755,
  '/sys': 0o555,
  '/tmp': 0o1777,
  '/var': 0o755,
  '/var/lib': 0o755,
  '/var/log': 0o755,
  '/var/tmp': 0o1777,
};

/** `SOURCE`, or `SOURCE:DESTINATION`, as absolute paths. */
export function parseInclude(text: string): {
  readonly source: string;
  readonly destination: string;
} {
  const split = /^(.+):(\/.*)$/s.exec(text);
  const source = resolve(split?.[1] ?? text);
  if (text === '' || text.includes('\0')) {
    throw new LupineError('what to include has no name', {
      where: text,
      fix: '--include PATH[:DESTINATION]',
    });
  }
  if (split?.[2] === undefined) return { source, destination: source };
  const into = split[2].endsWith('/') ? `/${basename(source)}` : '';
  return { source, destination: resolve(`${split[2]}${into}`) };
}

/** One image in the making. */
class Assembly {
  readonly #collector: Collector;
  readonly #closure: Closure;
  readonly #members = new Map<string, Member>();
  /** Files to look into for texts, by their real paths; true once done. */
  readonly #searched = new Map<string, boolean>();
  readonly #met = new Set<Need>();
  readonly #missing: MissingLibrary[] = [];

  constructor(
    private readonly host: Host,
    private readonly context: Context,
  ) {
    this.#collector = new Collector(host);
    this.#closure = new Closure(host);
  }

  async assemble(chain: readonly Link[], include: readonly string[]): Promise<Collected[]> {
    for (const [path, mode] of Object.entries(DIRECTORIES))
      this.#collector.addDirectory(path, mode);
    this.#collector.addLink('/var/run', '/run');
    const main = this.#addChain(chain);
    for (const text of include) await this.#include(text, main);
    for (const name of Object.keys(OPENED_BY_GLIBC)) {
      if (main.loader?.usesCache === true)
        this.#missing.push(...this.#closure.addNamed(name, main));
    }
    await this.#meetNeeds(main);
    this.#finish();
    return [...this.#collector.entries.values()];
  }

  /** @returns the program that runs in the end: the last interpreter. */
  #addChain(chain: readonly Link[]): Program {
    let main: Program | undefined;
    for (const { path, real, elf } of chain) {
      this.#collector.addHost(path);
      if (!elf) continue;
      main = this.#closure.addProgram(real);
      if (main.missing[0] !== undefined) throw missingError(main.missing[0]);
      this.#addMember(real, true);
      // A link gives a program another home, e.g. that of a virtual environment.
      this.#addMember(path, false);
      this.#addMember(`${dirname(path)}/${basename(real)}`, false);
    }
    if (main === undefined) throw new Error('a chain ends with a program');
    return main;
  }

  #addMember(path: string, real: boolean): void {
    if (this.#members.get(path)?.real === true) return;
    this.#members.set(path, { name: basename(path), directory: dirname(path), real });
    if (real && !this.#searched.has(path)) this.#searched.set(path, false);
  }

  async #include(text: string, main: Program): Promise<void> {
    const { source, destination } = parseInclude(text);
    const before = this.#missing.length;
    const single = this.host.locate(source)?.stats.isFile() === true;
    const found = await this.#walk(source, destination, main, false);
    if (!found) {
      throw new LupineError('what to include is not there', { where: source });
    }
    // A file that was asked for has to work; one of many may belong to what is not used.
    const missing = this.#missing[before];
    if (single && missing !== undefined) throw missingError(missing);
  }

  /** Takes a file or directory along, and what the ELF files in it need. */
  async #walk(
    source: string,
    destination: string,
    main: Program,
    follow: boolean,
  ): Promise<boolean> {
    const files: string[] = [];
    const found = await this.#collector.walk(source, destination, {
      follow,
      signal: this.context.signal,
      onFile: (_, real) => files.push(real),
    });
    for (const real of files) {
      const elf = this.#elfOf(real);
      if (elf === undefined) continue;
      if (elf.interpreter !== undefined)
        this.#missing.push(...this.#closure.addProgram(real).missing);
      else this.#missing.push(...this.#closure.addLibrary(real, main));
      this.#addMember(real, true);
    }
    return found;
  }

  /** Undefined for what a loader would not take either. */
  #elfOf(real: string): ElfFile | undefined {
    return this.host.withFile(real, (source) => {
      const identity = readIdentity(source);
      if (identity === undefined || !isNative(identity)) return undefined;
      try {
        return readElf(source);
      } catch (error) {
        if (error instanceof LupineError) return undefined;
        throw error;
      }
    });
  }

  /** Goes through the table until nothing new is needed: what is taken may need something itself. */
  async #meetNeeds(main: Program): Promise<void> {
    for (let before = -1; before !== this.#met.size;) {
      before = this.#met.size;
      for (const path of this.#closure.libraries) {
        const place = this.host.locate(path);
        if (place === undefined) continue;
        this.#addMember(place.path, true);
        this.#addMember(path, false);
      }
      const texts = this.#textsFound();
      for (const need of NEEDS) await this.#meet(need, texts, main);
    }
  }

  #textsFound(): ReadonlySet<string> {
    const needles = NEEDS.filter((need) => !this.#met.has(need)).flatMap(
      (need) => need.mentions ?? [],
    );
    const found = new Set<string>();
    for (const [path, done] of this.#searched) {
      if (done || needles.length === 0) continue;
      for (const text of mentions(this.host, path, needles)) found.add(text);
      this.#searched.set(path, true);
    }
    return found;
  }

  async #meet(need: Need, texts: ReadonlySet<string>, main: Program): Promise<void> {
    const named = [...this.#members.values()].filter(({ name }) => need.name?.test(name) === true);
    const told = need.mentions?.some((text) => texts.has(text)) === true;
    if (this.#met.has(need) || (named.length === 0 && !told)) return;
    this.#met.add(need);
    const anyone: Member = { name: '', directory: '/', real: false };
    const paths = (named.length === 0 ? [anyone] : named).flatMap((member) => {
      return need.take?.(member, need.name?.exec(member.name)?.[1] ?? '') ?? [];
    });
    for (const path of new Set(paths)) await this.#walk(path, path, main, true);
    for (const [path, target] of Object.entries(need.links ?? {})) {
      if (this.host.locate(dirname(path)) === undefined) continue;
      if (!this.#collector.addHost(path)) this.#collector.addLink(path, target);
    }
    for (const path of need.directories ?? []) this.#collector.addDirectory(path, 0o755);
  }

  #finish(): void {
    const { libraries, settings, cache } = this.#closure;
    for (const path of [...libraries, ...settings]) this.#collector.addHost(path);
    if (cache.size > 0) this.#collector.addBytes('/etc/ld.so.cache', formatLibraryCache(cache));
    for (const { path, content } of accountFiles(this.host))
      this.#collector.addBytes(path, content);
    this.#collector.addHost('/etc/localtime');
    this.#tellSkipped();
  }

  /** Says which links of included directories lead to what is here, but not in the image. */
  tellBroken(tree: FileTree): void {
    const broken = [...this.#collector.unfollowed].filter(([path, source]) => {
      return tree.resolve(path) === undefined && this.host.locate(source) !== undefined;
    });
    if (broken[0] !== undefined) {
      this.context.progress.note(
        `${broken.length} included links lead to what is not included: ${broken[0][0]}`,
      );
    }
  }

  #tellSkipped(): void {
    const { progress } = this.context;
    const { skipped } = this.#collector;
    if (skipped[0] !== undefined) {
      progress.note(
        `${skipped.length} included files were left out (devices, sockets, passwords): ${skipped[0]}`,
      );
    }
    // A library that lies somewhere in the image may be opened by its path before others ask for it.
    const names = new Set([...this.#members.values()].map(({ name }) => name));
    const lost = this.#missing.filter(({ library }) => !names.has(library));
    const missing = lost[0];
    if (missing !== undefined) {
      const libraries = [...new Set(lost.map(({ library }) => library))];
      progress.note(
        `not on this machine, so what needs them may fail: ${libraries.slice(0, 5).join(', ')}` +
          ` (${missing.neededBy}${lost.length > 1 ? ' and others' : ''})`,
      );
    }
  }
}
