/**
 * Runs programs of the host: never through a shell, with a bounded record of what they said,
 * and an error that names the program, its status and its last words.
 */

import type { Readable } from 'node:stream';
import type { ResultPromise, Options as ExecaOptions } from 'execa';
import { LupineError, isSystemError } from './errors.js';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment of this process; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array | Readable;
  readonly signal?: AbortSignal;
  /** Called with each line of stdout and stderr as it comes. */
  readonly onLine?: (line: string) => void;
  /** What to tell a user whose machine lacks the program, e.g. `apt-get install squashfs-tools`. */
  readonly install?: string;
  /** Statuses that are no error; only 0 unless told. */
  readonly accept?: readonly number[];
  /** Milliseconds until it is killed. */
  readonly timeout?: number;
}

export interface RunResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Output kept of one stream of one program. */
const KEEP_BYTES = 64 * 1024 * 1024;

/**
 * Runs a program to its end.
 * @throws LupineError when it is missing, fails or is killed; the signal's reason when aborted.
 */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  // Loaded late: starting a built bundle needs no execa, and its modules cost tens of milliseconds.
  const { execa } = await import('execa');
  options.signal?.throwIfAborted();
  const settings: ExecaOptions = {
    reject: false,
    maxBuffer: KEEP_BYTES,
    all: options.onLine !== undefined,
    stripFinalNewline: false,
    forceKillAfterDelay: 2_000,
    ...(options.input === undefined ? { stdin: 'ignore' } : inputOf(options.input)),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  };
  const child: ResultPromise = execa(program, args, settings);
  if (options.onLine !== undefined) void eachLine(child, options.onLine);
  const result = await child;
  options.signal?.throwIfAborted();
  if (isSystemError(result.cause, 'ENOENT') || result.code === 'ENOENT') {
    throw new LupineError('a program is missing', {
      where: program,
      ...(options.install === undefined ? {} : { fix: options.install }),
    });
  }
  const stdout = textOf(result.stdout);
  const stderr = textOf(result.stderr);
  const status = result.exitCode;
  if (status === undefined || !(options.accept ?? [0]).includes(status)) {
    const how =
      status !== undefined
        ? `exited with status ${status}`
        : result.timedOut
          ? `did not end within ${options.timeout ?? 0} ms`
          : `was killed by ${result.signal ?? 'a signal'}`;
    throw new LupineError(`${program} ${how}`, { where: lastWords(stderr, stdout) });
  }
  return { status, stdout, stderr };
}

function inputOf(input: string | Uint8Array | Readable): ExecaOptions {
  return typeof input === 'string' || input instanceof Uint8Array
    ? { input }
    : { input, stdin: 'pipe' };
}

function textOf(output: unknown): string {
  return typeof output === 'string' ? output : '';
}

/** The last non-empty line a program printed, as its reason; stderr first. */
export function lastWords(...outputs: readonly string[]): string {
  for (const output of outputs) {
    const line = output.trimEnd().split('\n').at(-1)?.trim();
    if (line !== undefined && line !== '') return line;
  }
  return 'it said nothing';
}

async function eachLine(child: ResultPromise, onLine: (line: string) => void): Promise<void> {
  try {
    for await (const line of child.iterable({ from: 'all' })) onLine(String(line));
  } catch {
    // The failure is reported by the awaited child itself.
  }
}
