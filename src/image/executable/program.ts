/** Which files a command line starts: a program, or a script and its interpreters; or why it cannot be. */

import { basename, dirname, resolve } from 'node:path';
import { LupineError } from '../../support/errors.js';
import { describeIdentity, isNative, readElf, readIdentity } from './elf.js';
import type { ByteSource } from './elf.js';
import type { Host, Place } from './host.js';
import { SHEBANG_BYTES, parseShebang, programOfEnv } from './shebang.js';

/** Where programs are looked for in an image that does not say: docker's default. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** One file that takes part in starting the program. */
export interface Link {
  /** The path it is called by. */
  readonly path: string;
  /** Where it is. */
  readonly real: string;
  /** An ELF program; else a script. */
  readonly elf: boolean;
}

/** The kernel follows five interpreters, `env` adds one more. */
const MAX_CHAIN = 8;
/** Directories of the guest's own making. */
const OVERMOUNTED = /^\/(?:proc|sys|dev)(?:\/|$)/;

/**
 * Finds a program by its path. A relative one is taken from the working directory.
 * @returns the file named, its interpreter if it is a script, and so on; programs that `env` starts too.
 * @throws LupineError when it is not there, may not be run, or is for another machine.
 */
export function findProgram(host: Host, path: string): readonly Link[] {
  const wanted = absolute(host, path);
  const place = host.locate(wanted);
  if (place === undefined) {
    throw new LupineError('no such program', {
      where: wanted,
      fix: 'give the path of a program',
      exitCode: 127,
    });
  }
  if (place.stats.isFile() && (place.stats.mode & 0o6000) !== 0) {
    throw new LupineError('this program runs with the rights of another user (setuid or setgid)', {
      where: wanted,
      fix: 'in the microVM it is root already: copy it, which drops the bit, and give the copy',
    });
  }
  const chain: Link[] = [];
  follow(host, wanted, place, chain);
  return chain;
}

function absolute(host: Host, path: string): string {
  if (!path.split('/').includes('..')) return resolve(path);
  // What `..` means depends on where links lead.
  const parent = host.locate(resolve('.') + '/' + dirname(path));
  const from = path.startsWith('/') ? host.locate(dirname(path)) : parent;
  return from === undefined ? resolve(path) : resolve(from.path, basename(path));
}

function follow(host: Host, path: string, place: Place, chain: Link[]): void {
  if (chain.length >= MAX_CHAIN) {
    throw new LupineError('a script has too many interpreters, each a script itself', {
      where: path,
    });
  }
  checkRunnable(path, place);
  const shebang = host.withFile(place.path, (source) => {
    const found = parseShebang(source.read(0, SHEBANG_BYTES));
    if (found === undefined) checkElf({ ...source, name: path });
    return found;
  });
  chain.push({ path, real: place.path, elf: shebang === undefined });
  if (shebang === undefined) return;
  const interpreter = locateFor(host, shebang.interpreter, path);
  follow(host, shebang.interpreter, interpreter, chain);
  if (basename(interpreter.path) !== 'env' && basename(shebang.interpreter) !== 'env') return;
  const program = programOfEnv(shebang.argument ?? '');
  if (program === undefined) return;
  const found = program.startsWith('/') ? program : search(host, program);
  if (found === undefined) {
    throw new LupineError(
      `the program ${program}, which this script is for, is not on this machine`,
      {
        where: `${path}, looked in ${DEFAULT_PATH}`,
        fix: 'install it',
      },
    );
  }
  follow(host, found, locateFor(host, found, path), chain);
}

function locateFor(host: Host, interpreter: string, script: string): Place {
  const place = interpreter.startsWith('/') ? host.locate(interpreter) : undefined;
  if (place === undefined) {
    throw new LupineError(`the interpreter ${interpreter} of this script is not on this machine`, {
      where: script,
      fix: interpreter.startsWith('/') ? 'install it' : 'give its absolute path after #!',
    });
  }
  return place;
}

function search(host: Host, name: string): string | undefined {
  return DEFAULT_PATH.split(':')
    .map((directory) => `${directory}/${name}`)
    .find((path) => {
      const stats = host.locate(path)?.stats;
      return stats?.isFile() === true && (stats.mode & 0o111) !== 0;
    });
}

function checkRunnable(path: string, place: Place): void {
  const { stats } = place;
  if (stats.isDirectory()) {
    throw new LupineError('this is a directory, not a program', {
      where: path,
      fix: `for a root file system say dir:${path}`,
      exitCode: 126,
    });
  }
  if (!stats.isFile())
    throw new LupineError('this is no regular file', { where: path, exitCode: 126 });
  if ((stats.mode & 0o111) === 0) {
    throw new LupineError('this file is not executable', {
      where: path,
      fix: `if it is a program: chmod +x ${path}`,
      exitCode: 126,
    });
  }
  if (OVERMOUNTED.test(place.path)) {
    throw new LupineError('a program in /proc, /sys or /dev cannot be in an image', {
      where: path,
      fix: 'copy it to another place',
    });
  }
}

function checkElf(source: ByteSource): void {
  const identity = readIdentity(source);
  if (identity === undefined) {
    throw new LupineError('this is neither an ELF program nor a script that begins with #!', {
      where: source.name,
      exitCode: 126,
    });
  }
  if (!isNative(identity)) {
    throw new LupineError(
      `this is ${describeIdentity(identity)}; a microVM runs 64-bit x86-64 programs`,
      {
        where: source.name,
        fix: 'build or install it for x86-64',
        exitCode: 126,
      },
    );
  }
  const { interpreter, pie, soname, type, entry } = readElf(source);
  const runs = type === 2 || interpreter !== undefined || pie;
  if (entry === 0 || (!runs && soname !== undefined)) {
    throw new LupineError('this is a library, not a program', {
      where: source.name,
      exitCode: 126,
    });
  }
}
