/**
 * `lupine ps` with a hundred VMs. They are state files that this process owns, as a keeper does: what
 * is listed does not depend on whether a monitor runs. An empty Node program is the reference.
 */

import { join } from 'node:path';
import { createInstance, writeState, type NewInstance } from '../instance/index.js';
import { inTurns } from './in-turns.js';
import { measure } from './measure.js';
import { median } from './statistics.js';
import { compileTool, lupine } from './tools.js';
import type { Experiment, Setup } from './types.js';

const RUNS = 25;
const INSTANCES = 100;
const GOAL_MS = 150;

/** Of what is started, which `ps` reads and does not show: as much as of a real one. */
const START_BYTES = 4096;

export const ps: Experiment = {
  name: 'ps',
  description: `\`lupine ps\` with ${INSTANCES} VMs against \`node -e 0\``,
  async run(setup: Setup) {
    const state = join(setup.directory, 'state');
    await fill(state);
    const tool = await compileTool('measure', setup.directory);
    const { signal } = setup.context;
    const list = () => measure(tool, [...lupine, 'ps'], { env: { LUPINE_STATE: state }, signal });
    const node = () => measure(tool, [process.execPath, '-e', '0'], { signal });
    await list();
    const [ours, empty] = await inTurns(setup.runs ?? RUNS, list, node);
    const wall = ours.map(({ wallMs }) => wallMs);
    return {
      findings: [
        {
          what: `ps with ${INSTANCES} VMs, wall clock`,
          unit: 'ms',
          ours: { name: 'lupine ps', runs: wall },
          reference: { name: 'node -e 0', runs: empty.map(({ wallMs }) => wallMs) },
          goal: { text: `median at most ${GOAL_MS} ms`, met: median(wall) <= GOAL_MS },
        },
        {
          what: 'processor time',
          unit: 'ms',
          ours: { name: 'lupine ps', runs: ours.map(({ cpuMs }) => cpuMs) },
          reference: { name: 'node -e 0', runs: empty.map(({ cpuMs }) => cpuMs) },
        },
      ],
      notes: [],
    };
  },
};

async function fill(state: string): Promise<void> {
  const before = process.env['LUPINE_STATE'];
  process.env['LUPINE_STATE'] = state;
  try {
    for (let count = 0; count < INSTANCES; count++) {
      const instance = await createInstance(wanted);
      const startedAt = new Date().toISOString();
      await writeState(instance, { ...instance.state, status: 'running', startedAt });
    }
  } finally {
    if (before === undefined) delete process.env['LUPINE_STATE'];
    else process.env['LUPINE_STATE'] = before;
  }
}

const wanted: NewInstance = {
  image: 'docker.io/library/redis:7',
  command: ['redis-server'],
  memoryMiB: 64,
  cpus: 1,
  foreground: false,
  // Not waiting for the disk a hundred times.
  removeAtEnd: true,
  restart: { policy: 'no' },
  stopSignal: 15,
  uses: [],
  start: { text: 'x'.repeat(START_BYTES) },
};
