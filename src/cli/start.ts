/** `lupine start` and `lupine restart`: VMs that have ended, or are to begin anew. */

import { Command } from 'commander';
import type { StoredInstance } from '../instance/index.js';
import { LupineError } from '../support/errors.js';
import { seconds } from './flags.js';
import { each, eachInstance } from './instances.js';

export function startCommand(): Command {
  return new Command('start')
    .summary('start VMs that have ended')
    .argument('<vm...>')
    .action(async (vms: string[]) => {
      const { isKept } = await import('../instance/stored.js');
      await eachInstance(vms, async (instance) => {
        if (!isKept(instance)) await again(instance);
        return undefined;
      });
    });
}

export function restartCommand(): Command {
  return new Command('restart')
    .summary('stop VMs and start them again')
    .argument('<vm...>')
    .option('-t, --time <seconds>', 'until a VM is ended that does not stop', seconds, 10)
    .action(async (vms: string[], { time }: { time: number }) => {
      const { stopInstance } = await import('../instance/operate.js');
      const { findInstance } = await import('../instance/store.js');
      const { tell } = await import('../instance/events.js');
      await each(vms, async (reference) => {
        const instance = await findInstance(reference);
        const { name, foreground, removeAtEnd } = instance.record;
        if (foreground || removeAtEnd) {
          throw new LupineError('this VM is removed when it ends', {
            where: name,
            fix: 'run it with -d and without --rm to restart it',
          });
        }
        await stopInstance(instance, time * 1000);
        await again(instance);
        await tell(instance.record, 'restart');
        return undefined;
      });
    });
}

async function again(instance: StoredInstance): Promise<void> {
  const { startAgain } = await import('../unikernel/detach.js');
  const { withContext } = await import('./context.js');
  await withContext((context) => startAgain(instance, context));
}
