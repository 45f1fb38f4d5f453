/** `lupine rm`: VMs, with their logs and what they wrote. */

import { Command } from 'commander';
import { each } from './instances.js';

export function rmCommand(): Command {
  return new Command('rm')
    .summary('remove VMs that have ended')
    .argument('<vm...>')
    .option('-f, --force', 'also one that runs, which is ended at once, or that cannot be read')
    .action(async (vms: string[], { force = false }: { force?: boolean }) => {
      const { listInstances, pick } = await import('../instance/store.js');
      const { remove } = await import('../instance/operate.js');
      const all = await listInstances();
      await each(vms, async (reference) => {
        await remove(pick(reference, all), force);
        return undefined;
      });
    });
}
