/**
 * What the host does before a guest can run: from the exec of `lupine run BUNDLE` to the moment when
 * the monitor is executed. A monitor that only writes down the time stands in for QEMU. Node's own
 * start is most of it, so an empty Node program is the reference.
 */

import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LupineError } from '../support/errors.js';
import { redisBundle } from './bundle.js';
import { inTurns } from './in-turns.js';
import { measure, type Cost } from './measure.js';
import { median } from './statistics.js';
import { compileTool, lupine } from './tools.js';
import type { Experiment, Setup } from './types.js';

const RUNS = 25;
const GOAL_MS = 150;

/** The stand-in is no VM, and `lupine run` says so. */
const OWN_FAILURE = 125;

export const hostWork: Experiment = {
  name: 'host-work',
  description: 'host work before the monitor starts: `lupine run BUNDLE` against `node -e 0`',
  async run(setup: Setup) {
    const launch = await launcher(setup);
    const tool = await compileTool('measure', setup.directory);
    const node = () =>
      measure(tool, [process.execPath, '-e', '0'], { signal: setup.context.signal });
    // Not counted: it fills what Lupine remembers of this monitor, as every first run does.
    await launch(tool);
    const [ours, empty] = await inTurns(setup.runs ?? RUNS, () => launch(tool), node);
    const wall = ours.map(({ untilMonitorMs }) => untilMonitorMs);
    return {
      findings: [
        {
          what: 'until the monitor starts, wall clock',
          unit: 'ms',
          ours: { name: 'lupine run', runs: wall },
          reference: { name: 'node -e 0', runs: empty.map(({ wallMs }) => wallMs) },
          goal: { text: `median at most ${GOAL_MS} ms`, met: median(wall) <= GOAL_MS },
        },
        {
          what: 'processor time of the whole command',
          unit: 'ms',
          ours: { name: 'lupine run', runs: ours.map(({ cost }) => cost.cpuMs) },
          reference: { name: 'node -e 0', runs: empty.map(({ cpuMs }) => cpuMs) },
        },
      ],
      notes: [
        'processor time also counts what follows the start of the monitor: its watching and its end',
        'no guest runs: the accelerator does not matter, but is set to tcg so that none is proved',
      ],
    };
  },
};

interface Sample {
  readonly untilMonitorMs: number;
  readonly cost: Cost;
}

/** Prepares a bundle, a monitor and a state directory of their own; each call is one run. */
async function launcher(setup: Setup): Promise<(tool: string) => Promise<Sample>> {
  const { directory } = setup;
  const stamp = join(directory, 'stamp');
  const { path } = await redisBundle(setup);
  const state = join(directory, 'state');
  await mkdir(state);
  const env = {
    LUPINE_QEMU: await compileTool('monitor', directory),
    LUPINE_ACCEL: 'tcg',
    LUPINE_STATE: state,
    LUPINE_BENCH_STAMP: stamp,
  };
  return async (tool) => {
    const cost = await measure(tool, [...lupine, 'run', path], {
      env,
      accept: [OWN_FAILURE],
      signal: setup.context.signal,
    });
    const started = BigInt((await readFile(stamp, 'utf8')).trim());
    if (started < cost.startedAt) throw new LupineError('the monitor was not started');
    return { untilMonitorMs: Number(started - cost.startedAt) / 1e6, cost };
  };
}
