/** `lupine ps`: the VMs of this user. */

import { Command } from 'commander';
import type { StoredInstance } from '../instance/index.js';
import { ago, formatAge } from './age.js';
import { printJson, printTable } from './output.js';

interface Flags {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly names?: boolean;
  readonly trunc: boolean;
  readonly json?: boolean;
}

export function psCommand(): Command {
  return new Command('ps')
    .summary('list VMs')
    .option('-a, --all', 'also those that have ended')
    .option('-q, --quiet', 'only their ids')
    .option('--names', 'only their names')
    .option('--no-trunc', 'commands in full')
    .option('--json', 'print JSON')
    .action(async (flags: Flags) => {
      const { listInstances } = await import('../instance/store.js');
      const { isKept } = await import('../instance/stored.js');
      const { instances, damaged } = await listInstances();
      for (const { id, reason } of damaged) {
        process.stderr.write(
          `lupine: note: ${id} is left out: ${reason.line}; lupine rm -f ${id} removes it\n`,
        );
      }
      const shown = instances.filter((instance) => flags.all === true || isKept(instance));
      // The youngest first, as in docker.
      shown.reverse();
      if (flags.json === true) return printJson(shown.map(summary));
      if (flags.quiet === true || flags.names === true) {
        const lines = shown.map(({ id, record }) => (flags.names === true ? record.name : id));
        process.stdout.write(lines.map((line) => `${line}\n`).join(''));
        return;
      }
      printTable(
        ['id', 'image', 'command', 'created', 'status', 'ports', 'name'],
        shown.map((instance) => row(instance, flags.trunc)),
      );
    });
}

/** What a program wants of one line; all of it is in `lupine inspect`. */
function summary({ id, record, state }: StoredInstance) {
  const { name, image, command, created, foreground, memoryMiB } = record;
  const { status, ports, startedAt, finishedAt, exitCode, error, restarts } = state;
  return {
    ...{ id, name, image, command, created, status, exitCode, error },
    ...{ startedAt, finishedAt, restarts, ports, foreground, memoryMiB },
  };
}

const COMMAND_WIDTH = 24;

function row({ id, record, state }: StoredInstance, short: boolean): string[] {
  const command = JSON.stringify(record.command.join(' '));
  const ports = state.ports.map(
    (port) => `${port.hostAddress}:${port.hostPort}->${port.guestPort}/${port.protocol}`,
  );
  return [
    id,
    record.image,
    short && command.length > COMMAND_WIDTH ? `${command.slice(0, COMMAND_WIDTH - 2)}…"` : command,
    ago(record.created),
    statusText(state),
    ports.join(', '),
    record.name,
  ];
}

/** In docker's words. */
export function statusText(state: StoredInstance['state'], now = Date.now()): string {
  const { startedAt, finishedAt, exitCode } = state;
  switch (state.status) {
    case 'created':
    case 'starting':
      return 'Starting';
    case 'running':
      return `Up ${formatAge((now - Date.parse(startedAt ?? '')) / 1000)}`;
    case 'restarting':
      return `Restarting (${exitCode ?? 0}) ${ago(finishedAt ?? '', now)}`;
    case 'exited':
      return `Exited (${exitCode ?? 0}) ${ago(finishedAt ?? '', now)}`;
  }
}
