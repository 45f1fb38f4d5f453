/** Applications inside a guest: their files as an archive or a disk, and the plan of guest/bench/drive.c. */

import { existsSync } from 'node:fs';
import { openImage } from '../../image/index.js';
import { cachedRootfs, type CpioFile, type RootfsFormat } from '../../rootfs/index.js';
import type { Context } from '../../support/context.js';
import { LupineError } from '../../support/errors.js';
import type { Load } from '../loads.js';
import { benchArchive } from './vm.js';

export interface DrivePlan {
  readonly server?: { readonly command: readonly string[]; readonly port: number };
  /** Commands that follow, each to its end. */
  readonly steps?: readonly { readonly name: string; readonly command: readonly string[] }[];
  /** The server's forks, threads and execs are counted. */
  readonly trace?: boolean;
  /** The application's files are on the first disk; otherwise in the archive. */
  readonly disk?: boolean;
}

/** The archive of a drive; an application's own goes before it. */
export function driveArchive(plan: DrivePlan, files: readonly CpioFile[] = []): Promise<Buffer> {
  const content = Buffer.from(encodePlan(plan));
  return benchArchive('drive', [{ path: 'plan', mode: 0o600, content }, ...files]);
}

/** Strings, each ended by a zero byte. */
export function encodePlan({ server, steps = [], trace, disk }: DrivePlan): string {
  const command = (words: readonly string[]) => words.map((word) => `arg ${word}`);
  const words = [
    ...(disk === true ? ['disk'] : []),
    ...(trace === true ? ['trace'] : []),
    ...(server === undefined ? [] : [`port ${server.port}`, 'server', ...command(server.command)]),
    ...steps.flatMap((step) => [`step ${step.name}`, ...command(step.command)]),
  ];
  const bad = words.find((word) => word.includes('\0'));
  if (bad !== undefined) throw new LupineError('a zero byte in a command', { where: bad });
  return words.map((word) => `${word}\0`).join('');
}

export function serverOf({ program, args, port }: Load): NonNullable<DrivePlan['server']> {
  return { command: [program, ...args], port };
}

/**
 * The files of an application of this machine with its clients.
 * @returns the path of a root file system in the cache.
 * @throws LupineError where a program is missing.
 */
export async function applicationFiles(
  load: Pick<Load, 'program' | 'clients'>,
  format: RootfsFormat,
  context: Context,
): Promise<string> {
  for (const { program, install } of load.clients) requireProgram(program, install);
  requireProgram(load.program, `install the package that has it`);
  const include = load.clients.map(({ program }) => program);
  const image = await openImage(load.program, { include }, context);
  return (await cachedRootfs(image.tree, { format }, context)).path;
}

function requireProgram(path: string, fix: string): void {
  if (!existsSync(path)) throw new LupineError('a program is missing', { where: path, fix });
}
