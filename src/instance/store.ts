/**
 * The instances of this user, on disk: made, listed, found, removed. There is no daemon: every
 * process that looks also puts right what a killed one left, under that instance's lock, so that what
 * is read here is true.
 *
 * An instance appears and disappears by one rename. While it runs, only its keeper writes its state.
 */

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, thisProcess } from '../support/alive.js';
import { writeWhole } from '../support/atomic-file.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { stateDirectory } from '../support/paths.js';
import { temporaryDirectory } from '../support/temporary.js';
import { tell } from './events.js';
import { checkName, claimName, randomName, releaseName, releaseNames } from './names.js';
import {
  ID,
  LOST,
  files,
  parseRecord,
  parseState,
  type InstanceRecord,
  type InstanceState,
} from './record.js';

export interface StoredInstance {
  readonly id: string;
  readonly directory: string;
  readonly record: InstanceRecord;
  readonly state: InstanceState;
}

/** Something in an instance's place that cannot be read. */
export interface DamagedInstance {
  readonly id: string;
  readonly directory: string;
  readonly reason: LupineError;
}

export type NewInstance = Omit<InstanceRecord, 'version' | 'id' | 'name' | 'created'> & {
  readonly name?: string | undefined;
};

const ID_BYTES = 6;

/** Random names that may all be taken before one gets a number. */
const NAME_TRIES = 10;

function root(): string {
  return join(stateDirectory(), 'instances');
}

const namesRoot = () => join(root(), 'names');

/** The private directory of a VM that is no instance, such as a probe. */
export function scratchDirectory(): Promise<string> {
  return temporaryDirectory(root());
}

/** True while somebody keeps it: it runs, or is about to. */
export function isKept({ state }: Pick<StoredInstance, 'state'>): boolean {
  return state.status !== 'exited' && isAlive(state.owner);
}

/**
 * Makes an instance that this process owns; what killed owners left is removed on the way.
 * @param prepare puts further files into its directory, before anybody can see it.
 * @throws LupineError when the name is bad or taken; nothing is left then.
 */
export async function createInstance(
  { name, ...wanted }: NewInstance,
  prepare: (directory: string) => Promise<void> = () => Promise.resolve(),
): Promise<StoredInstance> {
  if (name !== undefined) checkName(name);
  const id = randomBytes(ID_BYTES).toString('hex');
  const directory = join(root(), id);
  const created = new Date().toISOString();
  const durable = !wanted.removeAtEnd;
  const state: InstanceState = {
    version: 1,
    status: 'created',
    owner: thisProcess(),
    monitor: null,
    accelerator: null,
    ports: [],
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    error: null,
    restarts: 0,
  };
  const record = { ...wanted, version: 1 as const, id, name: name ?? randomName(), created };
  // Whoever makes one also tidies up after those that were killed.
  await listInstances();
  const temporary = await scratchDirectory();
  try {
    await writeWhole(join(temporary, files.state), json(state), { durable });
    await writeWhole(join(temporary, files.record), json(record), { durable });
    await prepare(temporary);
    await rename(temporary, directory);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  const named = await takeName({ id, directory, record, state }, name === undefined);
  await tell({ id, name: named.record.name, image: record.image }, 'create');
  return named;
}

/** Makes the name of a new instance its own; a random one is changed until it is free. */
async function takeName(instance: StoredInstance, random: boolean): Promise<StoredInstance> {
  let { record } = instance;
  for (let tries = 1; ; tries++) {
    try {
      await claimName(namesRoot(), record.name, record.id, remains);
      return { ...instance, record };
    } catch (error) {
      if (!random || tries > 2 * NAME_TRIES) {
        await rm(instance.directory, { recursive: true, force: true });
        throw error;
      }
      const name = tries < NAME_TRIES ? randomName() : `${randomName()}-${record.id.slice(0, 4)}`;
      record = { ...record, name };
      await writeWhole(join(instance.directory, files.record), json(record), {
        durable: !record.removeAtEnd,
      });
    }
  }
}

/** Whether an instance is there, once what a killed owner left of it is removed. */
async function remains(id: string): Promise<boolean> {
  if (!ID.test(id) || !existsSync(join(root(), id))) return false;
  try {
    return (await settle(readInstance(id))) !== undefined;
  } catch (error) {
    if (!(error instanceof LupineError)) throw error;
    return existsSync(join(root(), id));
  }
}

/** Reads an instance as it is on disk. @throws LupineError when it is gone or cannot be read. */
export function readInstance(id: string): StoredInstance {
  const directory = join(root(), id);
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  try {
    return {
      id,
      directory,
      record: parseRecord(read(files.record), join(directory, files.record)),
      state: parseState(read(files.state), join(directory, files.state)),
    };
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    if (!existsSync(directory)) throw new NoSuchInstance(id);
    throw new LupineError('a state file cannot be read', { where: cause.message, cause });
  }
}

/** All instances, oldest first; what killed owners left is removed or put right on the way. */
export async function listInstances(): Promise<{
  readonly instances: StoredInstance[];
  readonly damaged: DamagedInstance[];
}> {
  const instances: StoredInstance[] = [];
  const damaged: DamagedInstance[] = [];
  for (const id of await ids()) {
    try {
      const settled = await settle(readInstance(id));
      if (settled !== undefined) instances.push(settled);
    } catch (reason) {
      if (!(reason instanceof LupineError)) throw reason;
      const directory = join(root(), id);
      // Gone since it was listed: that is no damage.
      if (existsSync(directory)) damaged.push({ id, directory, reason });
    }
  }
  const age = ({ record }: StoredInstance) => record.created;
  instances.sort((a, b) => (age(a) < age(b) ? -1 : 1));
  return { instances, damaged };
}

async function ids(): Promise<string[]> {
  try {
    return (await readdir(root())).filter((name) => ID.test(name)).sort();
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

/**
 * What is true of an instance whose owner is dead: one that is not to stay, or never ran, is removed;
 * any other has ended. Undefined where nothing remains.
 */
async function settle(instance: StoredInstance): Promise<StoredInstance | undefined> {
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

function isLost({ state }: StoredInstance): boolean {
  return state.status !== 'exited' && !isAlive(state.owner);
}

function isJunk({ record, state }: StoredInstance): boolean {
  return (record.removeAtEnd || state.startedAt === null) && !isAlive(state.owner);
}

/** When something last came of it. */
function lastSign(directory: string): string {
  const times = [files.state, files.log].map((name) => {
    return statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  });
  return new Date(Math.max(...times)).toISOString();
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
  const held = await lock(join(root(), '.locks', id));
  try {
    return await work();
  } finally {
    // Nobody can do anything any more with one that is gone, so its lock may go too.
    if (!existsSync(join(root(), id))) await rm(join(root(), '.locks', id), { force: true });
    await held.release();
  }
}

/** Finds an instance by its name, its id or the beginning of its id. @throws LupineError. */
export async function findInstance(reference: string): Promise<StoredInstance> {
  const found = pick(reference, await listInstances());
  if ('reason' in found) throw found.reason;
  return found;
}

/** As docker decides: the whole id, the name, the beginning of one id. @throws LupineError. */
export function pick(
  reference: string,
  { instances, damaged }: Awaited<ReturnType<typeof listInstances>>,
): StoredInstance | DamagedInstance {
  const all = [...instances, ...damaged];
  const exact =
    all.find(({ id }) => id === reference) ??
    instances.find(({ record }) => record.name === reference);
  if (exact !== undefined) return exact;
  const short = /^[0-9a-f]+$/.test(reference)
    ? all.filter(({ id }) => id.startsWith(reference))
    : [];
  const [only, another] = short;
  if (only === undefined) throw new NoSuchInstance(reference);
  if (another === undefined) return only;
  throw new LupineError('several VMs have ids that begin so', {
    where: `${reference}: ${short.map(({ id }) => id).join(', ')}`,
    fix: 'give more of the id, or the name',
  });
}

/** There is none, or not any more. */
export class NoSuchInstance extends LupineError {
  constructor(reference: string) {
    super('no such VM', { where: reference, fix: 'lupine ps -a lists them' });
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

/** The directory for what one boot needs; empty. */
export async function bootDirectory({ directory }: StoredInstance): Promise<string> {
  const path = join(directory, files.boot);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  await chmod(path, 0o700);
  return path;
}

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
