/** The files whose code runs in a program's process: itself, its interpreter, its libraries. */

import { resolve } from 'node:path';
import { LupineError } from '../../support/errors.js';
import { Closure } from './closure.js';
import { Host } from './host.js';

export interface LoadedFiles {
  /** Where they really are: the file that was asked for first, each once. */
  readonly files: readonly string[];
  /** Names of libraries that are not on this machine. */
  readonly missing: readonly string[];
}

/**
 * What is loaded with an x86-64 program when it starts; of a library only itself, since where its own
 * libraries are depends on the program.
 * @throws LupineError when there is no such file, or it is no x86-64 program or library.
 */
export function loadedFiles(path: string, host: Host = new Host()): LoadedFiles {
  const place = host.locate(resolve(path));
  if (place?.stats.isFile() !== true) throw new LupineError('no such file', { where: path });
  const closure = new Closure(host);
  const { missing } = closure.addProgram(place.path);
  const libraries = [...closure.libraries].map((library) => host.locate(library)?.path ?? library);
  return {
    files: [...new Set([place.path, ...libraries])],
    missing: missing.map(({ library }) => library),
  };
}
