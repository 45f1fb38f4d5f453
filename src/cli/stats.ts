/** `lupine stats`: what running VMs take of this machine. */

import { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredInstance } from '../instance/index.js';
import type { Usage } from '../instance/stats.js';
import { formatSize } from '../support/size.js';
import { formatTable } from '../support/table.js';

interface Flags {
  readonly stream: boolean;
  readonly json?: boolean;
}

const INTERVAL_MS = 1000;

/** Moves to the top of the terminal and clears it. */
const CLEAR = '\u001b[H\u001b[2J';

export function statsCommand(): Command {
  return new Command('stats')
    .summary('what running VMs take of this machine')
    .argument('[vm...]', 'all that run, unless told')
    .option('--no-stream', 'only once')
    .option('--json', 'print JSON, an array a line')
    .action(async (vms: string[], { stream, json = false }: Flags) => {
      const { findInstance, listInstances } = await import('../instance/store.js');
      const { isKept } = await import('../instance/stored.js');
      const { UsageMeter } = await import('../instance/stats.js');
      const named = async (): Promise<StoredInstance[]> =>
        vms.length === 0
          ? (await listInstances()).instances.filter(isKept)
          : await Promise.all(vms.map(findInstance));
      const meter = new UsageMeter();
      // The first is the mean since the start; what it is now needs two.
      meter.sample(await named());
      do {
        await sleep(INTERVAL_MS);
        print(meter.sample(await named()), json, stream);
      } while (stream);
    });
}

function print(usages: readonly Usage[], json: boolean, stream: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(usages)}\n`);
    return;
  }
  const table = formatTable(
    ['id', 'name', 'cpu %', 'mem usage / limit', 'mem %', 'block i/o'],
    usages.map((usage) => [
      usage.id,
      usage.name,
      `${usage.cpuPercent.toFixed(2)}%`,
      `${formatSize(usage.memoryBytes)} / ${formatSize(usage.memoryLimitBytes)}`,
      `${((usage.memoryBytes / usage.memoryLimitBytes) * 100).toFixed(2)}%`,
      `${formatSize(usage.readBytes)} / ${formatSize(usage.writtenBytes)}`,
    ]),
  );
  process.stdout.write(stream && process.stdout.isTTY ? CLEAR + table : table);
}
