/** Applications inside a guest: their files as an archive or a disk, and the plan of guest/bench/drive.c. */

import { existsSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openImage } from '../../image/index.js';
import type { ApplicationManifest, Load } from '../../manifest/index.js';
import { cachedRootfs, type CpioFile, type RootfsFormat } from '../../rootfs/index.js';
import { LupineError } from '../../support/errors.js';
import type { Lab } from '../types.js';
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

/** The load of an application. @throws LupineError where its manifest has none. */
export function loadOf({ name, load }: ApplicationManifest): Load {
  if (load !== undefined) return load;
  throw new LupineError('no load is known for this application', {
    where: name,
    fix: 'write it into its manifest (docs/add-an-app.md), or name another with --app',
  });
}

/** The server of an application that has a load. */
export function serverOf(application: ApplicationManifest): NonNullable<DrivePlan['server']> {
  const { program, args } = loadOf(application);
  const port = application.ready.kind === 'tcp' ? application.ready.port : 0;
  return { command: [program, ...args], port };
}

/** The commands of a load, each with its number of requests. */
export function stepsOf(
  { steps, requests }: Load,
  quick: boolean,
): NonNullable<DrivePlan['steps']> {
  const number = String(quick ? requests.quick : requests.full);
  return steps.map(({ name, command }) => ({
    name,
    command: command.map((word) => word.replaceAll('{requests}', number)),
  }));
}

/**
 * The files of an application of this machine, and of its clients.
 * @returns the path of a root file system in the cache.
 * @throws LupineError where a program is missing.
 */
export async function applicationFiles(
  { program, files, clients }: Pick<Load, 'program' | 'files' | 'clients'>,
  format: RootfsFormat,
  { directory, context }: Pick<Lab, 'directory' | 'context'>,
): Promise<string> {
  for (const client of clients) {
    requireProgram(client.program, `apt-get install ${client.package}`);
  }
  requireProgram(program, 'install the package that has it');
  const include = [
    ...clients.map((client) => client.program),
    ...(await Promise.all(
      Object.entries(files).map(async ([path, text]) => {
        const copy = join(directory, 'files', path);
        await mkdir(dirname(copy), { recursive: true });
        await writeFile(copy, text);
        // The same tree every time: its image comes from the cache.
        await utimes(copy, 0, 0);
        return `${copy}:${path}`;
      }),
    )),
  ];
  const image = await openImage(program, { include }, context);
  return (await cachedRootfs(image.tree, { format }, context)).path;
}

function requireProgram(path: string, fix: string): void {
  if (!existsSync(path)) throw new LupineError('a program is missing', { where: path, fix });
}
