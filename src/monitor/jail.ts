/**
 * Firecracker's jailer: the monitor in a root directory, a mount, process and (without a network) network
 * namespace and a control group of its own, as a user who owns nothing else. All of it needs root.
 *
 * The kernel forgets to kill a process with its parent when that changes its user, as the jailer does. So
 * between it and us are unshare(1), which keeps its user and dies with us, and a shell that is the first
 * process of the namespace: when unshare dies the shell is killed, and with it the namespace.
 */

import {
  chown,
  copyFile,
  link,
  mkdir,
  readFile,
  readdir,
  rmdir,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { processId, thisProcess } from '../support/alive.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { files, firecrackerArgs, firecrackerConfig } from './firecracker-config.js';
import { findProgram, isExecutable } from './programs.js';
import { installFirecracker } from './firecracker-errors.js';
import type { Jail, VmConfig } from './types.js';

const CGROUPS = '/sys/fs/cgroup';

/** Bytes of the monitor's own memory, beside its guest's. */
const OWN_MEMORY = 128 * 1024 * 1024;

export interface Jailed {
  /** The command that starts Firecracker in the jail. */
  readonly command: readonly string[];
  /** Its root directory as it is seen from here. */
  readonly root: string;
  /** Removes what is left outside of the VM's directory. */
  readonly remove: () => Promise<void>;
}

/**
 * Furnishes a jail in the VM's directory.
 * @throws LupineError without root, a jailer, or for a disk to be written to that is too far away.
 */
export async function makeJail(program: string, vm: VmConfig, jail: Jail): Promise<Jailed> {
  if (process.getuid?.() !== 0) {
    throw new LupineError('a jail needs root', { fix: 'run with sudo, or leave out --jail' });
  }
  const jailer = findJailer(program);
  const owner = thisProcess();
  const own = basename(vm.directory).replace(/\W/g, '').slice(-12);
  const id = `${owner.pid}-${owner.start}-${own}`;
  const base = join(vm.directory, 'jail');
  const root = join(base, basename(program), id, 'root');
  await mkdir(root, { recursive: true });
  await chown(root, jail.uid, jail.gid);
  await writeFile(
    join(root, files.config),
    JSON.stringify(firecrackerConfig(await furnish(root, vm, jail))),
  );
  await writeFile(join(root, files.log), '');
  await chown(join(root, files.log), jail.uid, jail.gid);
  const group = join(CGROUPS, basename(program));
  const limits = await memoryLimit(group, vm.memoryMiB);
  return {
    command: [
      ...['unshare', '--pid', '--fork', '--kill-child'],
      ...(vm.network.mode === 'none' ? ['--net'] : []),
      // Not exec: the shell has to stay, see above.
      ...['--', 'sh', '-c', '"$@"; exit $?', 'sh'],
      ...[jailer, '--id', id, '--exec-file', program],
      ...['--uid', String(jail.uid), '--gid', String(jail.gid)],
      ...['--chroot-base-dir', base, ...limits],
      ...['--', ...firecrackerArgs()],
    ],
    root,
    remove: async () => {
      if (limits.length > 0) await rmdir(join(group, id)).catch(() => undefined);
    },
  };
}

/** Beside Firecracker, as in its releases (`jailer`, `jailer-v1.16.1-x86_64`), or on PATH. */
function findJailer(program: string): string {
  const beside = join(dirname(program), basename(program).replace('firecracker', 'jailer'));
  if (isExecutable(beside)) return beside;
  return findProgram('jailer', {
    variable: 'LUPINE_JAILER',
    called: "Firecracker's jailer",
    fix: installFirecracker,
  });
}

/** Puts the VM's files into the jail; returns the VM with their names there. */
async function furnish(root: string, vm: VmConfig, { uid, gid }: Jail): Promise<VmConfig> {
  const bring = async (path: string, name: string): Promise<string> => {
    await linkOrCopy(path, join(root, name));
    return `/${name}`;
  };
  const own = async (path: string, name: string): Promise<string> => {
    await copyFile(path, join(root, name));
    await chown(join(root, name), uid, gid);
    return `/${name}`;
  };
  // What the guest writes is to stay: the same file, which belongs to the jail's user from now on.
  const lend = async (path: string, name: string): Promise<string> => {
    await link(path, join(root, name)).catch((cause: unknown) => {
      if (!isSystemError(cause, 'EXDEV')) throw cause;
      throw new LupineError(
        'a disk that the guest writes to is on another file system than its jail',
        {
          where: path,
          fix: 'give it read-only, or leave out --jail',
          cause,
        },
      );
    });
    await chown(path, uid, gid);
    return `/${name}`;
  };
  const disks = await Promise.all(
    vm.disks.map(async (disk, index) => {
      const name = `disk${index}`;
      if (disk.readOnly) return { ...disk, path: await bring(disk.path, name) };
      if (disk.snapshot === true) return { ...disk, path: await own(disk.path, name) };
      return { ...disk, path: await lend(disk.path, name) };
    }),
  );
  const initrd = vm.initrd === undefined ? {} : { initrd: await own(vm.initrd, 'initrd') };
  return { ...vm, kernel: await bring(vm.kernel, 'kernel'), ...initrd, disks };
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    await copyFile(from, to);
  }
}

/** The jailer's flags for a limit of memory, where this machine's control groups (version 2) can do it. */
async function memoryLimit(group: string, memoryMiB: number): Promise<string[]> {
  const controllers = await readFile(join(CGROUPS, 'cgroup.controllers'), 'utf8').catch(() => '');
  if (!controllers.split(/\s+/).includes('memory')) return [];
  await removeAbandoned(group);
  const bytes = memoryMiB * 1024 * 1024 + OWN_MEMORY;
  return ['--cgroup-version', '2', '--cgroup', `memory.max=${bytes}`];
}

/** Groups of owners that are dead; a group with a process in it cannot be removed. */
async function removeAbandoned(group: string): Promise<void> {
  for (const name of await readdir(group).catch(() => [])) {
    const [pid, started] = name.split('-');
    if (!/^\d+-\d+-\w+$/.test(name) || processId(Number(pid))?.start === started) continue;
    await rmdir(join(group, name)).catch(() => undefined);
  }
}
