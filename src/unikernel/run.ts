/** Starts a unikernel that this process keeps: it is an instance like any other, and ends with us. */

import { createInstance, endingOf, Keeper } from '../instance/index.js';
import type { Context } from '../support/context.js';
import { boot, type BootedUnikernel } from './boot.js';
import { newInstance } from './instance.js';
import type { RunOptions, Unikernel } from './types.js';

export interface RunningUnikernel extends Omit<BootedUnikernel, 'monitorPid'> {
  readonly id: string;
  readonly name: string;
}

/**
 * Starts a unikernel and returns while it runs. What the guest has to tell the user (a missing kernel
 * feature, a warning of init) goes to `context.progress.note`.
 * @throws LupineError where it cannot be started; nothing is left then.
 */
export async function start(
  unikernel: Unikernel,
  options: RunOptions,
  context: Context,
): Promise<RunningUnikernel> {
  const instance = await createInstance(newInstance({ unikernel, options }));
  const keeper = new Keeper<BootedUnikernel>(instance);
  const { name } = instance.record;
  try {
    const running = await keeper.boot((directory, ending) => {
      const signal =
        context.signal === undefined ? ending : AbortSignal.any([context.signal, ending]);
      return boot(unikernel, options, { directory, name }, { ...context, signal });
    });
    // Not before: nobody waits for the monitor longer than he must.
    await keeper.listen();
    const ended = running.ended.then(async (end) => {
      await keeper.conclude(endingOf(end), false);
      await keeper.close();
      return end;
    });
    return { ...running, id: instance.id, name, ended };
  } catch (error) {
    keeper.kill();
    await keeper.close();
    throw error;
  }
}
