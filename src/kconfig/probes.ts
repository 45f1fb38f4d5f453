/**
 * Kconfig files ask the toolchain a hundred questions (`$(success, $(CC) …)`), each a process. Here they
 * are run, and their answers remembered on disk for as long as they can be relied upon.
 *
 * An answer is kept under the toolchain and under the command. The toolchain is told from the files of
 * its programs (path, size, time), without running one, and from the package databases: whether a
 * header or a library is there is asked too. The command is kept without the tree's path, but with the
 * contents of the tree's scripts that it runs, and of those that they name in turn. So trees share
 * answers, and a changed script is run again.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { KconfigError } from './errors.js';
import { findProgram, type Environment } from './kernel-environment.js';
import type { Shell } from './preprocess.js';

/** More than this of a command's output is never looked at. */
const maxOutput = 1 << 20;

/**
 * Runs commands by `sh -c`, in the directory for temporary files: probes leave their own there.
 * @param environment added to the process's own
 */
export function systemShell(environment: Environment): Shell {
  const env = { ...process.env, ...environment };
  delete env['LC_ALL']; // as the kernel's makefile does
  return (command) => {
    const { stdout, error } = spawnSync('/bin/sh', ['-c', command], {
      cwd: tmpdir(),
      env,
      encoding: 'utf8',
      maxBuffer: maxOutput,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (error && (error as NodeJS.ErrnoException).code !== 'ENOBUFS') {
      throw new KconfigError([{ text: `${command}: ${error.message}` }]);
    }
    return stdout;
  };
}

export interface RememberedShellOptions {
  /** Where answers are kept; made if missing. */
  readonly directory: string;
  readonly tree: string;
  readonly environment: Environment;
  /** Asked where no answer is known. */
  readonly shell: Shell;
}

/** A shell that runs a command only if no answer is known for this toolchain. */
export function rememberedShell({
  directory,
  tree,
  environment,
  shell,
}: RememberedShellOptions): Shell {
  const file = join(directory, `${toolchainKey(environment)}.jsonl`);
  const known = readAnswers(file);
  const answers = new Map<string, string>();
  const scripts = new ScriptDigests();
  return (command) => {
    let output = answers.get(command);
    if (output !== undefined) return output;
    const key = commandKey(command, tree, scripts);
    output = known.get(key);
    if (output === undefined) {
      output = shell(command);
      remember(file, key, output);
    }
    answers.set(command, output);
    return output;
  };
}

/** Lines of `[key, output]`. What another process is writing, or was killed at, is passed over. */
function readAnswers(file: string): Map<string, string> {
  const answers = new Map<string, string>();
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return answers; // the first time
  }
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      const [key, output] = JSON.parse(line) as [unknown, unknown];
      if (typeof key === 'string' && typeof output === 'string') answers.set(key, output);
    } catch {
      continue;
    }
  }
  return answers;
}

/** One write an answer, so that processes side by side do not mix theirs. */
function remember(file: string, key: string, output: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    // The newline before ends a line that a killed process left half written.
    appendFileSync(file, `\n${JSON.stringify([key, output])}\n`);
  } catch {
    // A cache that cannot be written costs time only.
  }
}

function commandKey(command: string, tree: string, scripts: ScriptDigests): string {
  const hash = createHash('sha256');
  const parts = command.split(tree);
  hash.update(parts.join('\0tree\0'));
  for (const part of parts.slice(1)) {
    const path = /^\/[\w.+/-]+/.exec(part)?.[0];
    if (path !== undefined) hash.update(`\0${path}\0${scripts.of(join(tree, path))}`);
  }
  return hash.digest('base64url');
}

/** Digests of scripts with those beside them that they name. */
class ScriptDigests {
  readonly #digests = new Map<string, string>();
  readonly #names = new Map<string, ReadonlySet<string>>();

  of(path: string): string {
    const known = this.#digests.get(path);
    if (known !== undefined) return known;
    this.#digests.set(path, ''); // scripts that name each other
    let digest = 'none';
    try {
      const text = readFileSync(path, 'utf8');
      const hash = createHash('sha256').update(text);
      for (const [name] of text.matchAll(/\b[\w-]+\.\w+\b/g)) {
        if (name !== basename(path) && this.#beside(path).has(name)) {
          hash.update(this.of(join(dirname(path), name)));
        }
      }
      digest = hash.digest('base64url');
    } catch {
      // No file: that is part of the answer too.
    }
    this.#digests.set(path, digest);
    return digest;
  }

  #beside(path: string): ReadonlySet<string> {
    const directory = dirname(path);
    const names = this.#names.get(directory) ?? new Set(readdirSync(directory));
    this.#names.set(directory, names);
    return names;
  }
}

/** Variables that say nothing of the toolchain: what differs from tree to tree. */
const ofTheTree = new Set([
  'srctree',
  'objtree',
  'VERSION',
  'PATCHLEVEL',
  'SUBLEVEL',
  'KERNELVERSION',
]);

/** Variables of the process by which launchers choose a toolchain. */
const launchers = ['PATH', 'RUSTUP_TOOLCHAIN', 'PYENV_VERSION', 'GCC_EXEC_PREFIX', 'COMPILER_PATH'];

function toolchainKey(environment: Environment): string {
  const hash = createHash('sha256');
  const programs = new Set(['sh', 'as', 'ld']);
  for (const name of Object.keys(environment).sort()) {
    const value = environment[name];
    if (value === undefined || ofTheTree.has(name)) continue;
    hash.update(`${name}=${value}\0`);
    const program = value.split(' ', 1)[0];
    if (program) programs.add(program);
  }
  const cross = environment['CROSS_COMPILE'];
  if (cross) programs.add(`${cross}as`);
  for (const name of launchers) hash.update(`${name}=${process.env[name] ?? ''}\0`);
  for (const name of programs) hash.update(`${name}:${identity(findProgram(name))}\0`);
  const rustup = process.env['RUSTUP_HOME'] ?? join(homedir(), '.rustup');
  for (const path of [
    '/var/lib/dpkg/status',
    '/var/lib/rpm/rpmdb.sqlite',
    '/lib/apk/db/installed',
    '/var/lib/pacman/local',
    join(rustup, 'settings.toml'),
    join(rustup, 'toolchains'),
  ]) {
    hash.update(`${path}:${identity(path)}\0`);
  }
  return hash.digest('hex').slice(0, 32);
}

/** What changes when a program is replaced. */
function identity(path: string | undefined): string {
  const status = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  return status ? `${path ?? ''} ${status.ino} ${status.size} ${status.mtimeMs}` : 'none';
}
