/** `lupine stop`: asks applications to end. */

import { Command } from 'commander';
import { eachInstance } from './instances.js';
import { seconds } from './flags.js';

export function stopCommand(): Command {
  return new Command('stop')
    .summary('stop VMs')
    .description(
      "Send the image's stop signal (SIGTERM unless it says otherwise) to the application,\nand end the VM if it has not ended in time.",
    )
    .argument('<vm...>')
    .option('-t, --time <seconds>', 'until the VM is ended', seconds, 10)
    .action(async (vms: string[], { time }: { time: number }) => {
      const { stopInstance } = await import('../instance/operate.js');
      await eachInstance(vms, async (instance) => {
        await stopInstance(instance, time * 1000);
        return undefined;
      });
    });
}
