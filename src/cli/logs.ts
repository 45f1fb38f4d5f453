/** `lupine logs`: what the application of a VM said. */

import { Command, InvalidArgumentError } from 'commander';
import type { LogLine } from '../instance/read-log.js';
import { LupineError } from '../support/errors.js';
import { parseMoment } from './age.js';

interface Flags {
  readonly follow?: boolean;
  readonly since?: Date;
  readonly tail?: number;
  readonly timestamps?: boolean;
  readonly json?: boolean;
}

export function logsCommand(): Command {
  return new Command('logs')
    .summary("print a VM's log")
    .description("Print what a VM's application wrote to its stdout and stderr, each to ours.")
    .argument('<vm>')
    .option('-f, --follow', 'and what it writes from now on, until it ends')
    .option(
      '--since <time>',
      'from this time: 2026-03-01T10:00:00Z, or 10m for so long ago',
      moment,
    )
    .option('-n, --tail <lines>', 'only the last lines; all unless told', lines)
    .option('-t, --timestamps', 'when each line was written')
    .option('--json', 'print a JSON object a line')
    .action(async (vm: string, flags: Flags) => {
      const { findInstance } = await import('../instance/store.js');
      const { logOf } = await import('../instance/read-log.js');
      const instance = await findInstance(vm);
      if (instance.record.foreground) {
        throw new LupineError('this VM has no log', {
          where: instance.record.name,
          fix: 'its output goes to the terminal in which it was started; run it with -d for a log',
        });
      }
      const print = flags.json === true ? printLineJson : printer(flags.timestamps === true);
      for await (const line of logOf(instance, flags, flags.follow === true)) print(line);
    });
}

function printLineJson({ time, stream, data }: LogLine): void {
  process.stdout.write(`${JSON.stringify({ time, stream, log: data.toString('utf8') })}\n`);
}

function printer(timestamps: boolean): (line: LogLine) => void {
  // A time stands at the beginning of a line, which may come in parts.
  let begins = true;
  return ({ time, stream, data }) => {
    const target = stream === 'stdout' ? process.stdout : process.stderr;
    if (timestamps && begins) target.write(`${time} `);
    begins = data.at(-1) === 10;
    target.write(stream === 'lupine' ? `lupine: ${data.toString('utf8')}` : data);
  };
}

function moment(text: string): Date {
  const date = parseMoment(text);
  if (date !== undefined) return date;
  throw new InvalidArgumentError('expected a time such as 2026-03-01T10:00:00Z, or 10m, 1h30m');
}

function lines(text: string): number | undefined {
  if (text === 'all') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a number of lines, or all');
  return Number(text);
}
