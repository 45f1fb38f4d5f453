/** `lupine cache`: what is kept to be quick, and making it smaller. */

import { Command, InvalidArgumentError } from 'commander';
import { formatSize } from '../support/size.js';
import { printJson, printTable } from './output.js';

const HOURS: Readonly<Record<string, number>> = { h: 1, d: 24, w: 7 * 24 };

export function cacheCommand(): Command {
  const command = new Command('cache').summary('show and shrink the cache');
  command.addCommand(
    new Command('ls')
      .summary('list the stores of the cache')
      .option('--json', 'print JSON')
      .action(async (flags: { json?: boolean }) => {
        const { cacheStores } = await import('../support/cache.js');
        const stores = await cacheStores();
        if (flags.json === true) return printJson(stores);
        printTable(
          ['store', 'entries', 'size'],
          stores.map(({ name, entries, bytes }) => [name, String(entries), formatSize(bytes)]),
        );
      }),
  );
  command.addCommand(
    new Command('prune')
      .summary('remove what has not been used for a while, and no VM needs')
      .option(
        '--older <age>',
        'not used for this long: 12h, 30d, 4w; 0h is everything',
        age,
        30 * 24,
      )
      .action(async ({ older }: { older: number }) => {
        const { pruneCache } = await import('../support/cache.js');
        const { listInstances } = await import('../instance/store.js');
        // A VM that has ended can be started again; one that cannot be read tells nothing.
        const { instances } = await listInstances();
        const needed = instances.flatMap(({ record }) => record.uses);
        const freed = await pruneCache(new Date(Date.now() - older * 3_600_000), needed);
        process.stdout.write(`freed ${formatSize(freed)}\n`);
      }),
  );
  return command;
}

/** Hours. */
function age(value: string): number {
  const match = /^(\d{1,6})([hdw])$/.exec(value);
  if (match === null) throw new InvalidArgumentError('expected an age such as 12h, 30d or 4w');
  return Number(match[1]) * (HOURS[match[2] ?? ''] ?? 0);
}
