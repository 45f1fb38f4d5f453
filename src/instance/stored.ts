/** An instance as its files have it, and whether somebody keeps it. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../support/alive.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { stateDirectory } from '../support/paths.js';
import {
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

/** Where all of this user are, each in a directory named by its id. */
export function instancesRoot(): string {
  return join(stateDirectory(), 'instances');
}

/** True while somebody keeps it: it runs, or is about to. */
export function isKept({ state }: Pick<StoredInstance, 'state'>): boolean {
  return state.status !== 'exited' && isAlive(state.owner);
}

/** True where it did not end before its owner did. */
export function isLost({ state }: Pick<StoredInstance, 'state'>): boolean {
  return state.status !== 'exited' && !isAlive(state.owner);
}

/** True where nothing of it is to remain: one that is not to stay, or never ran. */
export function isJunk({ record, state }: Pick<StoredInstance, 'record' | 'state'>): boolean {
  return (record.removeAtEnd || state.startedAt === null) && !isAlive(state.owner);
}

/** Reads an instance as it is on disk. @throws LupineError when it is gone or cannot be read. */
export function readInstance(id: string): StoredInstance {
  const directory = join(instancesRoot(), id);
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

/** There is none, or not any more. */
export class NoSuchInstance extends LupineError {
  constructor(reference: string) {
    super('no such VM', { where: reference, fix: 'lupine ps -a lists them' });
  }
}
