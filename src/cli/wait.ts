/** `lupine wait`: until VMs have ended. */

import { Command } from 'commander';
import { eachInstance } from './instances.js';

export function waitCommand(): Command {
  return new Command('wait')
    .summary('wait until VMs have ended, and print their exit statuses')
    .argument('<vm...>')
    .action(async (vms: string[]) => {
      const { waitInstance } = await import('../instance/operate.js');
      await eachInstance(vms, async (instance) => String(await waitInstance(instance)));
    });
}
