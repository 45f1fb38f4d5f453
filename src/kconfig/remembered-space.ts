/**
 * Reading a kernel's Kconfig files takes a second, and they hardly ever change: the space that was made
 * of them is kept on disk, and is good for as long as reading them would give the same. That is so while
 * each file is the one that was read (by its inode, size and times), each variable of the environment
 * that was looked up has its value, each command that was run has its answer (the shell is asked again,
 * which remembers them: probes.ts), and this library's own code is the same.
 *
 * One file a tree and architecture: a digest of all that follows, three lengths, the numbers and texts
 * of pack.ts, and what they depend on. What cannot be read, or is not of this form, is as good as none.
 */

import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './kernel-environment.js';
import { helpText } from './help.js';
import { pathOf, readSource } from './load.js';
import type { Dialect, HelpPlace, Space } from './model.js';
import { packSpace } from './pack.js';
import type { Shell } from './preprocess.js';
import { unpackSpace } from './unpack.js';

/** Of which reading it is. */
export interface Reading {
  /** Where spaces are kept; made if missing. */
  readonly directory: string;
  /** The source tree. */
  readonly tree: string;
  /** What tells readings of one tree apart: each has its own place. */
  readonly name: string;
  readonly environment: Environment;
  readonly shell: Shell;
  readonly dialect: Dialect;
}

/** What a space was made of. */
interface Origin {
  readonly code: string;
  readonly dialect: Dialect;
  readonly environment: readonly (readonly [name: string, value: string | null])[];
  readonly answers: readonly (readonly [command: string, output: string])[];
  readonly files: readonly (readonly [name: string, ...identity: number[]])[];
}

/** Bytes of the digest, and of what stands before the numbers. */
const DIGEST = 32;
const HEADER = DIGEST + 12;

/** How many spaces are kept, of some megabytes each. */
const KEPT = 16;

/** A file younger than this, in milliseconds, may change again without its times telling. */
const SETTLED = 2000;

/** The space as it was kept, if it is still good. */
export function recallSpace(reading: Reading): Space | undefined {
  try {
    const bytes = readFileSync(fileOf(reading));
    if (!bytes.subarray(0, DIGEST).equals(digest(bytes.subarray(DIGEST)))) return undefined;
    const lengths = [0, 4, 8].map((place) => bytes.readInt32LE(DIGEST + place));
    const [numbersEnd = 0, textsEnd = 0, end = 0] = lengths.map((_, index) =>
      lengths.slice(0, index + 1).reduce((sum, length) => sum + length, HEADER),
    );
    const origin = JSON.parse(bytes.toString('utf8', textsEnd, end)) as Origin;
    if (!isGood(origin, reading)) return undefined;
    const { buffer, byteOffset } = bytes;
    const numbers = new Int32Array(buffer.slice(byteOffset + HEADER, byteOffset + numbersEnd));
    const texts = JSON.parse(bytes.toString('utf8', numbersEnd, textsEnd)) as string[];
    return unpackSpace({ numbers, texts }, (place) => readHelp(reading.tree, place));
  } catch {
    return undefined;
  }
}

/** Takes down what a reading depends on while it goes on. */
export class ReadingRecord {
  private readonly answers = new Map<string, string>();
  private readonly files = new Map<string, readonly number[] | undefined>();

  /** @param startedAt in milliseconds, as Date.now() */
  constructor(
    private readonly reading: Reading,
    private readonly startedAt = Date.now(),
  ) {}

  /** To be used in place of the reading's own. */
  readonly shell: Shell = (command) => {
    const output = this.reading.shell(command);
    this.answers.set(command, output);
    return output;
  };

  /** To be called before a file is read. */
  readonly opening = (name: string): void => {
    if (!this.files.has(name)) this.files.set(name, identity(pathOf(this.reading.tree, name)));
  };

  /**
   * Keeps the space that was made. A disk that is full, or not ours to write to, costs time only.
   * @param environment the variables that were looked up
   */
  keep(space: Space, environment: ReadonlyMap<string, string | undefined>): void {
    const files: [string, ...number[]][] = [];
    for (const [name, known] of this.files) {
      const [, , , changed = Infinity] = known ?? [];
      if (known === undefined || changed > this.startedAt - SETTLED) return;
      files.push([name, ...known]);
    }
    const { dialect } = this.reading;
    const origin: Origin = {
      code: ownCode(),
      dialect,
      environment: [...environment].map(([name, value]) => [name, value ?? null]),
      answers: [...this.answers],
      files,
    };
    try {
      write(this.reading, space, origin);
    } catch {
      // The next reading reads anew.
    }
  }
}

function isGood(origin: Origin, { tree, environment, shell, dialect }: Reading): boolean {
  return (
    origin.code === ownCode() &&
    origin.dialect === dialect &&
    origin.environment.every(([name, value]) => (environment[name] ?? null) === value) &&
    origin.files.every(([name, ...known]) => {
      const now = identity(pathOf(tree, name));
      return now?.every((number, index) => number === known[index]);
    }) &&
    origin.answers.every(([command, output]) => shell(command) === output)
  );
}

function write(reading: Reading, space: Space, origin: Origin): void {
  const { numbers, texts } = packSpace(space);
  const parts = [
    Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength),
    Buffer.from(JSON.stringify(texts)),
    Buffer.from(JSON.stringify(origin)),
  ];
  const lengths = Buffer.alloc(HEADER - DIGEST);
  parts.forEach(({ length }, index) => lengths.writeInt32LE(length, 4 * index));
  const content = Buffer.concat([lengths, ...parts]);
  const file = fileOf(reading);
  mkdirSync(reading.directory, { recursive: true });
  // Whole or not at all, whoever else writes it.
  const unfinished = `${file}.${String(process.pid)}`;
  try {
    writeFileSync(unfinished, Buffer.concat([digest(content), content]));
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  prune(reading.directory);
}

/** Removes all but the latest. */
function prune(directory: string): void {
  const files = readdirSync(directory).map((name) => {
    const path = join(directory, name);
    return { path, time: statSync(path).mtimeMs };
  });
  files.sort((one, other) => other.time - one.time);
  for (const { path } of files.slice(KEPT)) rmSync(path, { force: true });
}

function fileOf({ directory, tree, name }: Reading): string {
  return join(directory, createHash('sha256').update(`${tree}\0${name}`).digest('hex'));
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** What changes with a file's contents: also where its time is set back afterwards, for ctime is not. */
function identity(path: string): readonly number[] | undefined {
  const status = statSync(path, { throwIfNoEntry: false });
  return status && [status.ino, status.size, status.mtimeMs, status.ctimeMs];
}

let code: string | undefined;

/** A digest of this library's files, and of what the numbers' bytes depend on. */
function ownCode(): string {
  if (code === undefined) {
    const hash = createHash('sha256').update(process.arch);
    const directory = new URL('.', import.meta.url);
    for (const name of readdirSync(directory).sort()) {
      if (/\.[cm]?[jt]s$/.test(name)) hash.update(readFileSync(new URL(name, directory)));
    }
    code = hash.digest('hex');
  }
  return code;
}

function readHelp(tree: string, { file, start }: HelpPlace): string | undefined {
  const source = readSource(tree, file);
  return source === undefined ? undefined : helpText(source, start);
}
