/**
 * Changes of instances, each under the instance's lock: putting right what a killed owner left,
 * renaming, removing. An instance disappears by one rename.
 */

import { existsSync, statSync } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { thisProcess } from '../support/alive.js';
import { writeWhole } from '../support/atomic-file.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { temporaryDirectory } from '../support/temporary.js';
import { tell } from './events.js';
import { checkName, claimName, releaseName, releaseNames } from './names.js';
import { ID, LOST, files, type InstanceState } from './record.js';
import {
  NoSuchInstance,
  instancesRoot,
  isJunk,
  isKept,
  isLost,
  readInstance,
  type DamagedInstance,
  type StoredInstance,
} from './stored.js';

export const namesRoot = () => join(instancesRoot(), 'names');

/** The private directory of a VM that is no instance, such as a probe. */
export function scratchDirectory(): Promise<string> {
  return temporaryDirectory(instancesRoot());
}

/** The directory for what one boot needs; empty. */
export async function bootDirectory({ directory }: StoredInstance): Promise<string> {
  const path = join(directory, files.boot);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  await chmod(path, 0o700);
  return path;
}

/** Replaces the state. Only for its owner, or under its lock when that is dead. */
export async function writeState(
  { directory, record }: Pick<StoredInstance, 'directory' | 'record'>,
  state: InstanceState,
): Promise<void> {
  await writeWhole(join(directory, files.state), json(state), { durable: !record.removeAtEnd });
}

/**
 * Does something while no other process starts, renames or removes this instance.
 * @throws LupineError when it is gone.
 */
export async function withLock<T>(
  id: string,
  work: (instance: StoredInstance) => Promise<T>,
): Promise<T> {
  return locked(id, () => work(readInstance(id)));
}

async function locked<T>(id: string, work: () => Promise<T>): Promise<T> {
  const { lock } = await import('../support/lock.js');
  const held = await lock(join(instancesRoot(), '.locks', id));
  try {
    return await work();
  } finally {
    // Nobody can do anything any more with one that is gone, so its lock may go too.
    if (!existsSync(join(instancesRoot(), id)))
      await rm(join(instancesRoot(), '.locks', id), { force: true });
    await held.release();
  }
}

/**
 * What is true of an instance whose owner is dead: one that is not to stay, or never ran, is removed;
 * any other has ended. Undefined where nothing remains.
 */
export async function settle(instance: StoredInstance): Promise<StoredInstance | undefined> {
  if (!isLost(instance) && !isJunk(instance)) return instance;
  return withLock(instance.id, async (current) => {
    if (isJunk(current)) {
      await discard(current);
      return undefined;
    }
    if (!isLost(current)) return current;
    const { state } = current;
    const restarted = state.owner.boot !== thisProcess().boot;
    const error = restarted
      ? 'the machine was restarted while it ran'
      : 'the process that kept it was killed';
    const settled: InstanceState = {
      ...state,
      status: 'exited',
      monitor: null,
      ports: [],
      finishedAt: lastSign(current.directory),
      exitCode: LOST,
      error,
    };
    await rm(join(current.directory, files.boot), { recursive: true, force: true });
    await rm(join(current.directory, files.control), { force: true });
    try {
      await writeState(current, settled);
      await tell(current.record, 'die', { exitCode: String(LOST) });
    } catch (cause) {
      // A disk that takes nothing does not change what is true.
      if (!isSystemError(cause)) throw cause;
    }
    return { ...current, state: settled };
  }).catch((error: unknown) => {
    if (error instanceof NoSuchInstance) return undefined;
    throw error;
  });
}

/** When something last came of it. */
function lastSign(directory: string): string {
  const times = [files.state, files.log].map((name) => {
    return statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  });
  return new Date(Math.max(...times)).toISOString();
}

/** Whether an instance is there, once what a killed owner left of it is removed. */
export async function remains(id: string): Promise<boolean> {
  if (!ID.test(id) || !existsSync(join(instancesRoot(), id))) return false;
  try {
    return (await settle(readInstance(id))) !== undefined;
  } catch (error) {
    if (!(error instanceof LupineError)) throw error;
    return existsSync(join(instancesRoot(), id));
  }
}

/**
 * Removes an instance that does not run.
 * @throws LupineError when it runs, or is gone.
 */
export async function removeInstance(id: string): Promise<void> {
  await withLock(id, async (current) => {
    if (isKept(current)) {
      throw new LupineError('the VM runs', {
        where: current.record.name,
        fix: 'stop it first, or use rm -f',
      });
    }
    await discard(current);
  });
}

/** Removes what cannot be read. */
export async function removeDamaged({ id, directory }: DamagedInstance): Promise<void> {
  await locked(id, async () => {
    await releaseNames(namesRoot(), id);
    await sweep(directory);
  });
}

/** Removes an instance of this process, or one under its lock, with its name. */
export async function discard({ id, directory, record }: StoredInstance): Promise<void> {
  // The name first: who finds it free need not wait for the rest.
  await releaseName(namesRoot(), record.name, id);
  if (await sweep(directory)) await tell(record, 'destroy');
}

/** False where somebody else was quicker. */
async function sweep(directory: string): Promise<boolean> {
  const trash = await scratchDirectory();
  try {
    await rename(directory, join(trash, 'instance'));
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  } finally {
    await rm(trash, { recursive: true, force: true });
  }
}

/** Gives an instance another name. @throws LupineError when that is bad or taken. */
export async function renameInstance(id: string, name: string): Promise<void> {
  checkName(name);
  await withLock(id, async (current) => {
    const { record, directory } = current;
    if (record.name === name) {
      throw new LupineError('the VM has this name already', { where: name });
    }
    await claimName(namesRoot(), name, id, remains);
    await writeWhole(join(directory, files.record), json({ ...record, name }));
    await releaseName(namesRoot(), record.name, id);
    await tell({ ...record, name }, 'rename', { oldName: record.name });
  });
}

/** As the files of an instance have it. */
export function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
