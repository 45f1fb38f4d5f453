/**
 * The least memory with which redis boots and answers PING. A bisection in MiB; then both sides of
 * the border are tried again, and the border moves up until every trial agrees. Every probe is kept.
 * Bytes, not time: the figure is the same on KVM and on TCG.
 */

import { createConnection } from 'node:net';
import { LupineError } from '../support/errors.js';
import { silentProgress } from '../support/progress.js';
import { start, type RunningUnikernel, type Unikernel } from '../unikernel/index.js';
import { REDIS_PORT, redisBundle } from './bundle.js';
import type { Experiment, Setup } from './types.js';

const GOAL_MIB = 32;
const HIGHEST_MIB = 128;
const TRIALS = 3;
const MIB = 2 ** 20;

/** Milliseconds a guest has to answer: an emulated one on a busy machine takes seconds. */
const LIMIT_MS = 60_000;
const RETRY_MS = 100;

export const memory: Experiment = {
  name: 'memory',
  description:
    'the least memory (-m) with which redis on its `lupine` kernel boots and answers PING',
  async run(setup: Setup) {
    const { unikernel } = await redisBundle(setup);
    const task = setup.context.progress.task('looking for the least memory');
    const probes: Probe[] = [];
    const trial = async (mib: number) => {
      const end = await boot(unikernel, mib, setup.context.signal);
      probes.push({ mib, end });
      task.update({ done: probes.length, unit: 'boots' });
      return end === 'answered';
    };
    const floor = await findFloor(trial, HIGHEST_MIB, setup.runs ?? TRIALS);
    task.succeed();
    if (floor === undefined) {
      throw new LupineError('redis does not answer', { where: `with ${HIGHEST_MIB} MiB` });
    }
    return {
      findings: [
        {
          what: 'least memory, redis answers PING',
          unit: 'MiB',
          ours: { name: 'lupine run -m', runs: [floor] },
          goal: { text: `at most ${GOAL_MIB} MiB`, met: floor <= GOAL_MIB },
        },
      ],
      notes: [
        `every probe, in order: ${probes.map(({ mib, end }) => `${mib} MiB ${end}`).join(', ')}`,
        `silent: the guest lived, but did not answer within ${LIMIT_MS / 1000} s`,
      ],
    };
  },
};

/** How a boot ended: an answer, the end of the VM, or neither until the time was up. */
type End = 'answered' | 'died' | 'silent';

interface Probe {
  readonly mib: number;
  readonly end: End;
}

/**
 * The least value from which on trials succeed: it succeeded `trials` times without a failure, and
 * the value below it failed at least once. Undefined where the highest fails.
 */
export async function findFloor(
  trial: (mib: number) => Promise<boolean>,
  highest: number,
  trials: number,
): Promise<number | undefined> {
  if (!(await trial(highest))) return undefined;
  let failing = 0;
  let working = highest;
  while (working - failing > 1) {
    const middle = Math.floor((failing + working) / 2);
    if (await trial(middle)) working = middle;
    else failing = middle;
  }
  const always = async (mib: number) => {
    for (let run = 0; run < trials; run++) if (!(await trial(mib))) return false;
    return true;
  };
  while (working > 1 && (await always(working - 1))) working--;
  while (working <= highest && !(await always(working))) working++;
  return working <= highest ? working : undefined;
}

/** Boots with so much memory, until redis answers, the VM ends or the time is up. */
async function boot(unikernel: Unikernel, mib: number, signal?: AbortSignal): Promise<End> {
  signal?.throwIfAborted();
  const port = { hostAddress: '127.0.0.1', hostPort: 0, guestPort: REDIS_PORT } as const;
  let vm: RunningUnikernel;
  try {
    vm = await start(
      unikernel,
      {
        memory: mib * MIB,
        command: ['--protected-mode', 'no'],
        network: { mode: 'user', ports: [{ ...port, protocol: 'tcp' }] },
      },
      { progress: silentProgress },
    );
  } catch (error) {
    // Lupine itself refuses memory into which the kernel does not fit.
    if (error instanceof LupineError && /too little/.test(error.message)) return 'died';
    throw error;
  }
  vm.stdout.resume();
  vm.stderr.resume();
  const over = new AbortController();
  void vm.ended.then(() => over.abort());
  const limits = [over.signal, AbortSignal.timeout(LIMIT_MS)];
  const until = AbortSignal.any(signal === undefined ? limits : [...limits, signal]);
  try {
    if (await pinged(vm.ports[0]?.hostPort ?? 0, until)) return 'answered';
    return over.signal.aborted ? 'died' : 'silent';
  } finally {
    vm.kill();
    await vm.ended;
    signal?.throwIfAborted();
  }
}

/** Asks until there is an answer. QEMU accepts a connection long before the guest listens. */
async function pinged(port: number, until: AbortSignal): Promise<boolean> {
  while (!until.aborted) {
    if (await ping(port, until)) return true;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  return false;
}

function ping(port: number, until: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const end = (answered: boolean) => {
      until.removeEventListener('abort', abort);
      socket.destroy();
      resolve(answered);
    };
    const abort = () => end(false);
    until.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => end(data.toString('latin1').startsWith('+PONG')));
    socket.once('error', abort);
    socket.once('close', abort);
  });
}
