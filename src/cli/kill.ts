/** `lupine kill`: signals to applications. */

import { Command, InvalidArgumentError } from 'commander';
import { parseSignal } from '../support/signals.js';
import { eachInstance } from './instances.js';

const SIGKILL = 9;

export function killCommand(): Command {
  return new Command('kill')
    .summary('end VMs at once, or send a signal to their applications')
    .argument('<vm...>')
    .option('-s, --signal <signal>', 'name or number; KILL ends the VM', signal, SIGKILL)
    .action(async (vms: string[], flags: { signal: number }) => {
      const { killInstance } = await import('../instance/operate.js');
      await eachInstance(vms, async (instance) => {
        await killInstance(instance, flags.signal);
        return undefined;
      });
    });
}

function signal(text: string): number {
  const number = parseSignal(text);
  if (number === undefined) throw new InvalidArgumentError('expected a signal such as HUP or 1');
  return number;
}
