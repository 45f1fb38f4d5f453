/** What this machine has and lacks for Lupine, and how to get it. */

import { constants, existsSync } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { openMonitor } from '../monitor/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { cacheDirectory } from '../support/paths.js';
import { run } from '../support/process.js';
import { formatSize } from '../support/size.js';
import { tools } from './tools.js';

export interface Check {
  readonly name: string;
  /** `missing` breaks the main road, `wanting` only makes something slower or unavailable. */
  readonly state: 'ok' | 'wanting' | 'missing';
  readonly detail: string;
  /** The Debian package that mends it, where one does. */
  readonly package?: string;
}

/** A kernel build and an image need about this much. */
const ROOM_BYTES = 4e9;

export async function examine(kernelLine: string): Promise<readonly Check[]> {
  return [
    ...(await checkTools()),
    checkSource(kernelLine),
    await checkKvm(),
    await checkFirecracker(),
    await checkRoom(),
  ];
}

async function checkTools(): Promise<Check[]> {
  return Promise.all(
    tools.map(async (tool): Promise<Check> => {
      const path = await find(tool.program);
      if (path !== undefined) return { name: tool.program, state: 'ok', detail: path };
      const state = tool.optional === true ? 'wanting' : 'missing';
      return { name: tool.program, state, detail: tool.purpose, package: tool.package };
    }),
  );
}

/** The path of a program on PATH (or of a file that must exist); undefined where there is none. */
export async function find(program: string): Promise<string | undefined> {
  if (isAbsolute(program)) return existsSync(program) ? program : undefined;
  // A user's PATH often lacks the system directories that hold mkfs and friends.
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  for (const directory of directories.filter((part) => part !== '')) {
    const path = join(directory, program);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

function checkSource(line: string): Check {
  const name = `kernel source ${line}`;
  const path = `/usr/src/linux-source-${line}.tar.xz`;
  if (existsSync(path)) return { name, state: 'ok', detail: path };
  const detail = 'not on this machine; it will be downloaded from kernel.org when it is needed';
  return { name, state: 'wanting', detail, package: `linux-source-${line}` };
}

async function checkKvm(): Promise<Check> {
  const name = '/dev/kvm';
  if (!existsSync(name)) {
    return { name, state: 'wanting', detail: 'absent: microVMs run under emulation (TCG), slowly' };
  }
  try {
    await access(name, constants.R_OK | constants.W_OK);
    const detail = 'can be opened; the first run proves whether guests survive on it';
    return { name, state: 'ok', detail };
  } catch {
    const detail = 'no permission: add yourself to the group kvm (`sudo usermod -aG kvm $USER`)';
    return { name, state: 'wanting', detail };
  }
}

/** Nobody needs it: QEMU does all that it does. */
async function checkFirecracker(): Promise<Check> {
  const name = 'firecracker';
  try {
    const { version } = await openMonitor('firecracker');
    return { name, state: 'ok', detail: `version ${version}, for --monitor firecracker` };
  } catch (error) {
    if (!(error instanceof LupineError)) throw error;
    return { name, state: 'wanting', detail: `${error.line} (for --monitor firecracker)` };
  }
}

async function checkRoom(): Promise<Check> {
  let directory = cacheDirectory();
  while (!existsSync(directory)) directory = join(directory, '..');
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  const detail = `${formatSize(free)} free under ${directory}`;
  return free >= ROOM_BYTES
    ? { name: 'disk space', state: 'ok', detail }
    : {
        name: 'disk space',
        state: 'wanting',
        detail: `${detail}; a kernel build wants ${formatSize(ROOM_BYTES)}`,
      };
}

/**
 * Installs the packages that checks ask for, on Debian and its relatives.
 * @throws LupineError where that is not possible, with the list to install by hand.
 */
export async function installMissing(checks: readonly Check[], context: Context): Promise<void> {
  const wanted = [...new Set(checks.flatMap((check) => check.package ?? []))].sort();
  if (wanted.length === 0) return;
  const fix = `install: ${wanted.join(' ')}`;
  if ((await find('apt-get')) === undefined) {
    throw new LupineError('packages are missing and this is no Debian or Ubuntu', { fix });
  }
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '--'];
  if (prefix.length > 0 && (await find('sudo')) === undefined) {
    throw new LupineError('packages are missing and installing them needs root', {
      fix: `as root: apt-get install ${wanted.join(' ')}`,
    });
  }
  const apt = async (...args: string[]) => {
    // Another installation may be running: wait for it, as a user would.
    const command = [...prefix, 'apt-get', '-o', 'DPkg::Lock::Timeout=600', ...args];
    await run(command[0] ?? '', command.slice(1), {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    });
  };
  const task = context.progress.task(`installing ${wanted.join(' ')}`);
  try {
    await apt('update', '-qq');
    const offered = await offeredPackages(wanted);
    const absent = wanted.filter((name) => !offered.has(name));
    if (absent.length > 0) context.progress.note(`not offered by this system: ${absent.join(' ')}`);
    await apt('install', '-y', '-qq', '--no-install-recommends', ...offered);
    task.succeed(`installed ${[...offered].join(' ')}`);
  } catch (error) {
    task.fail();
    throw error;
  }
}

/** Those of the packages that the package lists know. */
async function offeredPackages(names: readonly string[]): Promise<Set<string>> {
  const { stdout } = await run('apt-cache', ['pkgnames']);
  const known = new Set(stdout.split('\n'));
  return new Set(names.filter((name) => known.has(name)));
}

/** For the first line of a report: `Debian GNU/Linux 12 (bookworm)`. */
export async function systemName(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(text)?.[1] ?? 'Linux';
}
