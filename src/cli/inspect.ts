/** `lupine inspect`: everything known of VMs, as JSON. */

import { Command } from 'commander';
import { printJson } from './output.js';

export function inspectCommand(): Command {
  return new Command('inspect')
    .summary('everything known of VMs, as JSON')
    .argument('<vm...>')
    .option('--json', 'as always')
    .action(async (vms: string[]) => {
      const { listInstances, pick } = await import('../instance/store.js');
      const all = await listInstances();
      const found = vms.map((reference) => {
        const instance = pick(reference, all);
        if ('reason' in instance) throw instance.reason;
        const { directory, record, state } = instance;
        return { ...record, directory, state };
      });
      printJson(found);
    });
}
