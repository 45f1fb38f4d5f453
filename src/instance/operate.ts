/**
 * What others do to a VM through its keeper. A keeper that does not answer in time is killed, and its
 * VM with it: nobody waits for ever.
 */

import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../support/alive.js';
import { LupineError } from '../support/errors.js';
import { ask, type Request } from './control.js';
import { LOST } from './record.js';
import { removeDamaged, removeInstance } from './change.js';
import {
  NoSuchInstance,
  isKept,
  readInstance,
  type DamagedInstance,
  type StoredInstance,
} from './stored.js';

/** Milliseconds for a keeper to do what it was asked, beyond what that takes by itself. */
const PATIENCE = 10_000;

const POLL_MS = 20;

/** Asks the application to end, and ends the VM after so many milliseconds. Nothing where it has ended. */
export async function stopInstance(instance: StoredInstance, timeout: number): Promise<void> {
  if (!isKept(instance)) return;
  await askOrEnd(instance, { op: 'stop', timeout }, timeout + PATIENCE);
}

/**
 * Sends a signal to the application; SIGKILL ends the VM.
 * @throws LupineError when it does not run.
 */
export async function killInstance(instance: StoredInstance, signal: number): Promise<void> {
  if (!isKept(instance)) throw notRunning(instance);
  if (signal === constants.signals.SIGKILL) await askOrEnd(instance, { op: 'kill' }, PATIENCE);
  else if ((await request(instance, { op: 'signal', number: signal }, PATIENCE)) === 'silent') {
    throw new LupineError('the process that keeps the VM does not answer', {
      where: instance.record.name,
      fix: `end it: lupine kill ${instance.record.name}`,
    });
  }
}

/** Waits for a VM's end; its exit status. */
export async function waitInstance(instance: StoredInstance): Promise<number> {
  if (isKept(instance)) {
    const answer = await request(instance, { op: 'wait' }, Infinity);
    if (typeof answer === 'object' && answer.exitCode !== undefined) return answer.exitCode;
  }
  const now = current(instance);
  return now?.state.exitCode ?? LOST;
}

/** Removes a VM. @param force also one that runs, or that cannot be read. */
export async function remove(
  instance: StoredInstance | DamagedInstance,
  force: boolean,
): Promise<void> {
  if ('reason' in instance) {
    if (!force) {
      throw new LupineError('the VM cannot be read', {
        where: instance.reason.line,
        fix: `remove it all the same: lupine rm -f ${instance.id}`,
      });
    }
    await ask(instance.directory, { op: 'kill' });
    return removeDamaged(instance);
  }
  if (force && isKept(instance)) {
    await killInstance(instance, constants.signals.SIGKILL);
    // One that is not to stay has removed itself.
    if (instance.record.removeAtEnd && current(instance) === undefined) return;
  }
  await removeInstance(instance.id);
}

function notRunning({ record }: StoredInstance): LupineError {
  return new LupineError('the VM does not run', {
    where: record.name,
    fix: `start it: lupine start ${record.name}`,
  });
}

async function askOrEnd(instance: StoredInstance, what: Request, patience: number): Promise<void> {
  if ((await request(instance, what, patience)) === 'silent') endKeeper(instance);
  const limit = Date.now() + PATIENCE;
  while (isStillKept(instance)) {
    if (Date.now() > limit) endKeeper(instance);
    await sleep(POLL_MS);
  }
}

/** `over`: the VM ended before an answer came. `silent`: its keeper lives, and did not answer. */
async function request(
  instance: StoredInstance,
  what: Request,
  patience: number,
): Promise<{ exitCode?: number | undefined } | 'over' | 'silent'> {
  const limit = patience === Infinity ? undefined : AbortSignal.timeout(patience);
  for (;;) {
    const answer = await ask(instance.directory, what, limit);
    if (answer !== undefined) return answer;
    if (!isStillKept(instance)) return 'over';
    if (limit?.aborted === true) return 'silent';
    // Its keeper does not listen yet, or not any more.
    await sleep(POLL_MS);
  }
}

function isStillKept(instance: StoredInstance): boolean {
  const now = current(instance);
  return now !== undefined && isKept(now);
}

/** Undefined where it is gone. */
function current({ id }: StoredInstance): StoredInstance | undefined {
  try {
    return readInstance(id);
  } catch (error) {
    if (error instanceof NoSuchInstance) return undefined;
    throw error;
  }
}

function endKeeper(instance: StoredInstance): void {
  const owner = (current(instance) ?? instance).state.owner;
  if (isAlive(owner)) process.kill(owner.pid, 'SIGKILL');
}
