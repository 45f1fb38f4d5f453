/** `lupine attach`: this terminal for a VM that runs in the background. */

import { Command } from 'commander';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlClient } from '../instance/control.js';
import type { StoredInstance } from '../instance/index.js';
import { LupineError } from '../support/errors.js';
import type { RunOptions } from '../unikernel/index.js';

/** Ctrl-P Ctrl-Q, as in docker: lets go of a VM that has a terminal. */
const DETACH = Buffer.from([0x10, 0x11]);

export function attachCommand(): Command {
  return new Command('attach')
    .summary('connect this terminal to a VM in the background')
    .description(
      'Show what the application says from now on and, if it was started with -i, send it what is\ntyped; exit with its status. Ctrl-P Ctrl-Q lets go of one that was started with -t.',
    )
    .argument('<vm>')
    .option('--no-stdin', 'only show')
    .action(async (vm: string, { stdin }: { stdin: boolean }) => {
      const { findInstance } = await import('../instance/store.js');
      const { readStart } = await import('../unikernel/instance.js');
      const instance = await findInstance(vm);
      const { options } = instance.record.foreground ? { options: {} } : readStart(instance);
      process.exitCode = await attach(instance, options, stdin);
      process.stdin.unref();
    });
}

/** Milliseconds. */
const LAST_OUTPUT = 1_000;

/** The application's exit status, or 0 when the user let go. */
async function attach(
  instance: StoredInstance,
  options: RunOptions,
  withInput: boolean,
): Promise<number> {
  const { ControlClient, ask } = await import('../instance/control.js');
  const { killInstance, waitInstance } = await import('../instance/operate.js');
  const client = await ControlClient.connect(instance.directory, ({ stream, data }) => {
    process[stream].write(Buffer.from(data, 'base64'));
  });
  if (client === undefined) {
    throw new LupineError('the VM does not run', { where: instance.record.name });
  }
  // First: an end between the two would not be heard of.
  const ended = waitInstance(instance);
  await client.ask({ op: 'attach' });
  const left = new AbortController();
  const raw = options.tty !== undefined && process.stdin.isTTY;
  const interactive = withInput && options.interactive === true;
  const { SIGINT, SIGTERM } = constants.signals;
  for (const [name, number] of Object.entries({ SIGINT, SIGTERM })) {
    process.on(name, () => void killInstance(instance, number).catch(() => undefined));
  }
  if (interactive && raw) process.stdin.setRawMode(true);
  if (interactive) void sendInput(client, raw, () => left.abort());
  if (options.tty !== undefined && process.stdout.isTTY) {
    const { rows, columns } = process.stdout;
    await ask(instance.directory, { op: 'resize', rows, columns });
  }
  const letGo = new Promise<number>((done) => left.signal.addEventListener('abort', () => done(0)));
  try {
    const exitCode = await Promise.race([ended, letGo]);
    // The last output may still be on its way.
    if (!left.signal.aborted) await Promise.race([client.closed, sleep(LAST_OUTPUT)]);
    return exitCode;
  } finally {
    if (interactive && raw) process.stdin.setRawMode(false);
    client.close();
    if (left.signal.aborted) process.exit(0);
  }
}

/** Sends what comes on stdin, as fast as the application takes it. */
async function sendInput(client: ControlClient, raw: boolean, letGo: () => void): Promise<void> {
  for await (const chunk of process.stdin) {
    const data = chunk as Buffer;
    if (raw && data.includes(DETACH)) {
      letGo();
      return;
    }
    if ((await client.ask({ op: 'input', data: data.toString('base64') })) === undefined) return;
  }
  await client.ask({ op: 'input', data: null });
}
