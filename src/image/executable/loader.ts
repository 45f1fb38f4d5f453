/**
 * Where a dynamic loader looks for a library: the rules of glibc and of musl, as candidates in the
 * loader's own order. `LD_LIBRARY_PATH` and `LD_PRELOAD` of this process are no part of an image.
 *
 * The directories `glibc-hwcaps/x86-64-v*` are left out on purpose: the base library beside them runs
 * on every processor, and in the guest the loader finds just that one.
 *
 * Source: ld.so(8), glibc elf/dl-load.c (2.36); musl ldso/dynlink.c (1.2).
 */

import { dirname } from 'node:path';
import type { ElfFile } from './elf.js';
import type { Host } from './host.js';
import { parseLibraryCache } from './ldcache.js';

/** An ELF file as it is loaded: under which name, and who asked for it first. */
export interface LoadedObject {
  /** As the loader names it; the program by the place where it really is, as /proc/self/exe says. */
  readonly path: string;
  readonly elf: ElfFile;
  readonly loadedBy?: LoadedObject;
}

export interface Candidate {
  readonly path: string;
  /** True for the places that every object's search ends with: the cache and the default directories. */
  readonly shared: boolean;
}

export interface Loader {
  /** The name that stands for the loader itself, which is loaded already; musl is one with its libc. */
  isLoader(name: string): boolean;
  /** The files to try for a library, the first usable one wins. */
  candidates(name: string, requester: LoadedObject, program: LoadedObject): Iterable<Candidate>;
  /** Files that tell the loader where to look, to be taken along. */
  readonly settings: readonly string[];
  /** True when it reads a cache of the format in ldcache.ts. */
  readonly usesCache: boolean;
}

const MAX_CACHE_BYTES = 64 * 1024 * 1024;
const MAX_PATH_FILE_BYTES = 64 * 1024;

/** The loader that this interpreter is. */
export function loaderOf(interpreter: string, host: Host): Loader {
  const musl = /^\/.*\/ld-musl-([A-Za-z0-9_-]+)\.so\.1$/.exec(interpreter)?.[1];
  return musl === undefined ? glibcLoader(interpreter, host) : muslLoader(interpreter, musl, host);
}

/** Debian's, then those of distributions with lib64, then the plain ones; each glibc knows some. */
const GLIBC_DIRECTORIES = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
];

function glibcLoader(interpreter: string, host: Host): Loader {
  let cache: ReadonlyMap<string, string> | undefined;
  const cached = (name: string) => {
    cache ??= parseLibraryCache(host.read('/etc/ld.so.cache', MAX_CACHE_BYTES) ?? Buffer.alloc(0));
    return cache.get(name);
  };
  const own = interpreter.slice(interpreter.lastIndexOf('/') + 1);
  return {
    isLoader: (name) => name === own,
    settings: [],
    usesCache: true,
    *candidates(name, requester, program) {
      if (name.includes('/')) {
        yield* expand(name, requester).map((path) => ({ path, shared: false }));
        return;
      }
      for (const directory of glibcRunPaths(requester, program)) {
        yield { path: `${directory}/${name}`, shared: false };
      }
      const noDefaults = requester.elf.noDefaultLibraries;
      const known = cached(name);
      if (known !== undefined && !(noDefaults && GLIBC_DIRECTORIES.includes(dirname(known)))) {
        yield { path: known, shared: true };
      }
      if (noDefaults) return;
      for (const directory of GLIBC_DIRECTORIES) {
        yield { path: `${directory}/${name}`, shared: true };
      }
    },
  };
}

/** DT_RPATH of an object and of all that led to it, unless it has DT_RUNPATH, which is its alone. */
function glibcRunPaths(requester: LoadedObject, program: LoadedObject): readonly string[] {
  const { runpath } = requester.elf;
  if (runpath !== undefined) return directoriesOf(runpath, requester);
  const chain = [...ancestry(requester)];
  // A library opened while the program runs also has the program's paths.
  if (!chain.includes(program)) chain.push(program);
  return chain.flatMap((object) => {
    const { rpath } = object.elf;
    return rpath === undefined || object.elf.runpath !== undefined
      ? []
      : directoriesOf(rpath, object);
  });
}

const MUSL_DIRECTORIES = ['/lib', '/usr/local/lib', '/usr/lib'];
const MUSL_OWN = /^lib(c|pthread|rt|m|dl|util|xnet)\./;

function muslLoader(interpreter: string, architecture: string, host: Host): Loader {
  const prefix = dirname(dirname(interpreter)).replace(/^\/$/, '');
  const pathFile = `${prefix}/etc/ld-musl-${architecture}.path`;
  const text = host.read(pathFile, MAX_PATH_FILE_BYTES)?.toString('utf8');
  const system =
    text === undefined ? MUSL_DIRECTORIES : text.split(/[:\n]/).filter((d) => d !== '');
  return {
    isLoader: (name) => MUSL_OWN.test(name) || interpreter.endsWith(`/${name}`),
    settings: text === undefined ? [] : [pathFile],
    usesCache: false,
    *candidates(name, requester) {
      if (name.includes('/')) {
        yield { path: name, shared: false };
        return;
      }
      // musl makes no difference between the two kinds, and looks in those of all that led here.
      for (const object of ancestry(requester)) {
        const paths = object.elf.runpath ?? object.elf.rpath;
        if (paths === undefined) continue;
        for (const directory of directoriesOf(paths, object)) {
          yield { path: `${directory}/${name}`, shared: false };
        }
      }
      for (const directory of system) yield { path: `${directory}/${name}`, shared: true };
    },
  };
}

function* ancestry(object: LoadedObject): Iterable<LoadedObject> {
  for (let here: LoadedObject | undefined = object; here; here = here.loadedBy) yield here;
}

/** The directories of a DT_RPATH or DT_RUNPATH. Empty ones mean the working directory: an image has none. */
function directoriesOf(paths: string, object: LoadedObject): readonly string[] {
  return paths
    .split(':')
    .filter((directory) => directory !== '')
    .flatMap((directory) => expand(directory, object));
}

/** `$LIB` is one of these, as the distribution chose. */
const LIB_NAMES = ['lib/x86_64-linux-gnu', 'lib64', 'lib'];
const LIB_TOKEN = /\$(?:LIB\b|\{LIB\})/g;

/** Dynamic string tokens replaced, relative paths taken from `/`, where an image's program starts. */
function expand(text: string, object: LoadedObject): readonly string[] {
  const plain = text
    .replace(/\$(?:ORIGIN\b|\{ORIGIN\})/g, () => dirname(object.path))
    .replace(/\$(?:PLATFORM\b|\{PLATFORM\})/g, 'x86_64');
  const all =
    plain.search(LIB_TOKEN) < 0 ? [plain] : LIB_NAMES.map((l) => plain.replace(LIB_TOKEN, l));
  return all.map((path) => (path.startsWith('/') ? path : `/${path}`));
}
