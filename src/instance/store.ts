/**
 * The instances of this user: listed and found. There is no daemon: every process that looks also puts
 * right what a killed one left, so that what is read here is true.
 */

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LupineError, isSystemError } from '../support/errors.js';
import { ID } from './record.js';
import {
  NoSuchInstance,
  instancesRoot,
  isJunk,
  isLost,
  readInstance,
  type DamagedInstance,
  type StoredInstance,
} from './stored.js';

/** All instances, oldest first; what killed owners left is removed or put right on the way. */
export async function listInstances(): Promise<{
  readonly instances: StoredInstance[];
  readonly damaged: DamagedInstance[];
}> {
  const instances: StoredInstance[] = [];
  const damaged: DamagedInstance[] = [];
  for (const id of await ids()) {
    try {
      const found = await settled(readInstance(id));
      if (found !== undefined) instances.push(found);
    } catch (reason) {
      if (!(reason instanceof LupineError)) throw reason;
      const directory = join(instancesRoot(), id);
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
    return (await readdir(instancesRoot())).filter((name) => ID.test(name)).sort();
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Undefined where nothing remains of it. */
async function settled(instance: StoredInstance): Promise<StoredInstance | undefined> {
  if (!isLost(instance) && !isJunk(instance)) return instance;
  // Loaded late: to list those that are as they should be takes little.
  const { settle } = await import('./change.js');
  return settle(instance);
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
