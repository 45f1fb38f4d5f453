/** `lupine events`: what happens to VMs, as it happens. */

import { Command, InvalidArgumentError } from 'commander';
import type { InstanceEvent } from '../instance/events.js';
import { parseMoment } from './age.js';

interface Flags {
  readonly since?: Date;
  readonly until?: Date;
  readonly json?: boolean;
}

export function eventsCommand(): Command {
  return new Command('events')
    .summary('what happens to VMs, as it happens')
    .option('--since <time>', 'also what happened since then: 2026-03-01T10:00:00Z, or 10m', moment)
    .option('--until <time>', 'end then; what comes is awaited', moment)
    .option('--json', 'print a JSON object a line')
    .action(async ({ since, until, json }: Flags) => {
      const { followEvents } = await import('../instance/follow-events.js');
      const print = (event: InstanceEvent) => {
        process.stdout.write(`${json === true ? JSON.stringify(event) : describe(event)}\n`);
      };
      const end = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end.abort());
      if (until !== undefined) setTimeout(() => end.abort(), until.getTime() - Date.now());
      await followEvents(print, { since, until, signal: end.signal });
    });
}

function describe({ time, action, id, name, image, attributes }: InstanceEvent): string {
  const all = Object.entries({ image, name, ...attributes });
  return `${time} vm ${action} ${id} (${all.map(([key, value]) => `${key}=${value}`).join(', ')})`;
}

function moment(text: string): Date {
  const date = parseMoment(text);
  if (date !== undefined) return date;
  throw new InvalidArgumentError('expected a time such as 2026-03-01T10:00:00Z, or 10m, 1h30m');
}
