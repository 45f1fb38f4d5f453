/** `lupine network`: networks on which VMs reach each other by name. */

import { Command } from 'commander';
import { ago } from './age.js';
import { withContext } from './context.js';
import { each } from './instances.js';
import { printJson, printTable } from './output.js';

export function networkCommand(): Command {
  return new Command('network')
    .summary('make, list and remove networks of VMs')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(inspectCommand())
    .addCommand(removeCommand());
}

function createCommand(): Command {
  return new Command('create')
    .summary('make a network; needs root')
    .argument('<name>')
    .option('--subnet <cidr>', 'its addresses, e.g. 10.1.2.0/24; free ones unless told')
    .option('--internal', 'with no way to anything outside')
    .action(async (name: string, flags: { subnet?: string; internal?: boolean }) => {
      const { createNetwork } = await import('../network/index.js');
      const { subnet, internal = false } = flags;
      const wanted = { name, internal, ...(subnet === undefined ? {} : { subnet }) };
      await withContext(({ signal }) => createNetwork(wanted, signal));
      process.stdout.write(`${name}\n`);
    });
}

function listCommand(): Command {
  return new Command('ls')
    .summary('list networks')
    .option('-q, --quiet', 'only their names')
    .option('--json', 'print JSON')
    .action(async ({ quiet, json }: { quiet?: boolean; json?: boolean }) => {
      const { listNetworks } = await import('../network/index.js');
      const { networks, troubles } = await listNetworks();
      for (const { line } of troubles) process.stderr.write(`lupine: note: ${line}\n`);
      if (json === true) return printJson(networks);
      if (quiet === true) {
        for (const { name } of networks) process.stdout.write(`${name}\n`);
        return;
      }
      printTable(
        ['name', 'created', 'subnet', 'gateway', 'internal', 'vms'],
        networks.map(({ name, created, subnet, gateway, internal, vms }) => [
          ...[name, ago(created), subnet, gateway, internal ? 'yes' : 'no'],
          vms.map((vm) => vm.name).join(', '),
        ]),
      );
    });
}

function inspectCommand(): Command {
  return new Command('inspect')
    .summary('networks and the VMs on them, as JSON')
    .argument('<network...>')
    .option('--json', 'as always')
    .action(async (names: string[]) => {
      const { inspectNetwork } = await import('../network/index.js');
      const found = [];
      for (const name of names) found.push(await inspectNetwork(name));
      printJson(found);
    });
}

function removeCommand(): Command {
  return new Command('rm')
    .summary('remove networks on which no VM runs; needs root')
    .argument('<network...>')
    .action(async (names: string[]) => {
      const { removeNetwork } = await import('../network/index.js');
      await each(names, async (name) => {
        await removeNetwork(name);
        return undefined;
      });
    });
}
