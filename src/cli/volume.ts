/** `lupine volume`: disks that outlive VMs. */

import { Command } from 'commander';
import { formatSize } from '../support/size.js';
import { ago } from './age.js';
import { withContext } from './context.js';
import { size } from './flags.js';
import { each } from './instances.js';
import { printJson, printTable } from './output.js';

export function volumeCommand(): Command {
  const command = new Command('volume').summary('make, list and remove volumes');
  command.addCommand(
    new Command('create')
      .summary('make an empty volume')
      .argument('<name>')
      .option('--size <size>', 'what it can hold; it takes room only for what is written', size)
      .action(async (name: string, flags: { size?: number }) => {
        const { createVolume, DEFAULT_VOLUME_BYTES } = await import('../unikernel/volumes.js');
        await withContext((context) =>
          createVolume(name, flags.size ?? DEFAULT_VOLUME_BYTES, context),
        );
        process.stdout.write(`${name}\n`);
      }),
  );
  command.addCommand(
    new Command('ls')
      .summary('list volumes')
      .option('-q, --quiet', 'only their names')
      .option('--json', 'print JSON')
      .action(async ({ quiet, json }: { quiet?: boolean; json?: boolean }) => {
        const { listVolumes } = await import('../unikernel/volumes.js');
        const volumes = await listVolumes();
        if (json === true) return printJson(volumes);
        if (quiet === true) {
          for (const { name } of volumes) process.stdout.write(`${name}\n`);
          return;
        }
        printTable(
          ['name', 'created', 'size', 'on disk', 'used by'],
          volumes.map(({ name, created, bytes, usedBytes, users }) => [
            name,
            ago(created),
            formatSize(bytes),
            formatSize(usedBytes),
            users.join(', '),
          ]),
        );
      }),
  );
  command.addCommand(
    new Command('rm')
      .summary('remove volumes that no VM has, with all that is in them')
      .argument('<name...>')
      .action(async (names: string[]) => {
        const { removeVolume } = await import('../unikernel/volumes.js');
        await each(names, async (name) => {
          await removeVolume(name);
          return undefined;
        });
      }),
  );
  return command;
}
