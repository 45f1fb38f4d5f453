/**
 * A tour of the library: this machine's redis becomes a unikernel, runs as a microVM, and a real redis
 * client talks to it. Prints what was built.
 */

import { createConnection } from 'node:net';
import { build, LupineError, run, terminalProgress, type RunningUnikernel } from './index.js';
import { printUnikernel } from './cli/print-unikernel.js';
import { run as runProgram } from './support/process.js';
import { find } from './doctor/index.js';

const REDIS_PORT = 6379;
const SIGTERM = 15;

/** Milliseconds for redis to answer; an emulated VM on a busy machine takes seconds. */
const READY_LIMIT = 120_000;

async function tour(): Promise<void> {
  const progress = terminalProgress();
  const server = await find('redis-server');
  if (server === undefined) throw new LupineError('redis-server is not on this machine');
  const unikernel = await build(server, {}, { progress });
  printUnikernel(unikernel, undefined, false);

  const began = performance.now();
  const vm = await run(
    unikernel,
    {
      command: ['--protected-mode', 'no'],
      network: {
        mode: 'user',
        ports: [{ hostAddress: '127.0.0.1', hostPort: 0, guestPort: REDIS_PORT, protocol: 'tcp' }],
      },
    },
    { progress },
  );
  try {
    vm.stdout.resume();
    vm.stderr.resume();
    const port = vm.ports[0]?.hostPort ?? 0;
    await answering(vm, port);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    say(`\nredis answers on 127.0.0.1:${port} after ${seconds} s (${vm.accelerator})`);
    await client(port, 'SET', 'greeting', 'hello from a unikernel');
    await client(port, 'GET', 'greeting');
    await client(port, 'INFO', 'server');
  } finally {
    vm.signal(SIGTERM);
    const end = await vm.ended;
    say(`redis ended: ${JSON.stringify(end)}`);
  }
  say('\nNext: node dist/cli/main.js run --help, docs/run-an-image.md');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs the real client and shows what it says. */
async function client(port: number, ...command: string[]): Promise<void> {
  const { stdout } = await runProgram('redis-cli', ['-p', String(port), ...command]);
  const lines = stdout.trimEnd().split('\n');
  const shown = lines.filter((line) => lines.length === 1 || /^(redis_version|os):/.test(line));
  say(`  redis-cli ${command.join(' ')}\n    ${shown.join('\n    ')}`);
}

/** Waits until the server greets: a published port accepts before anybody listens in the guest. */
async function answering(vm: RunningUnikernel, port: number): Promise<void> {
  const deadline = Date.now() + READY_LIMIT;
  const over = new AbortController();
  void vm.ended.then(() => over.abort());
  while (Date.now() < deadline && !over.signal.aborted) {
    if (await pings(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new LupineError(
    over.signal.aborted ? 'redis ended before it answered' : 'redis does not answer',
    {
      where: `127.0.0.1:${port}`,
      fix: 'see why with: node dist/cli/main.js run --verbose /usr/bin/redis-server',
    },
  );
}

function pings(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const answer = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => answer(data.toString().startsWith('+PONG')));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
    socket.setTimeout(2_000, () => answer(false));
  });
}

try {
  await tour();
} catch (error) {
  process.stderr.write(`${error instanceof LupineError ? error.line : String(error)}\n`);
  process.exitCode = 1;
}
