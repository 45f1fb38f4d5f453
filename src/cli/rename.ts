/** `lupine rename`. */

import { Command } from 'commander';

export function renameCommand(): Command {
  return new Command('rename')
    .summary('give a VM another name')
    .argument('<vm>')
    .argument('<name>')
    .action(async (vm: string, name: string) => {
      const { findInstance } = await import('../instance/store.js');
      const { renameInstance } = await import('../instance/change.js');
      await renameInstance((await findInstance(vm)).id, name);
    });
}
