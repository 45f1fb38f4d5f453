/** New instances. One appears by one rename, with all its files, and then takes its name. */

import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { thisProcess } from '../support/alive.js';
import { writeWhole } from '../support/atomic-file.js';
import { json, namesRoot, remains, scratchDirectory } from './change.js';
import { tell } from './events.js';
import { checkName, claimName, randomName } from './names.js';
import { files, type InstanceRecord, type InstanceState } from './record.js';
import { listInstances } from './store.js';
import { instancesRoot, type StoredInstance } from './stored.js';

export type NewInstance = Omit<InstanceRecord, 'version' | 'id' | 'name' | 'created'> & {
  readonly name?: string | undefined;
};

const ID_BYTES = 6;

/** Random names that may all be taken before one gets a number. */
const NAME_TRIES = 10;

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
  const directory = join(instancesRoot(), id);
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
