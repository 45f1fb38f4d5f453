/** The least memory with which an application becomes ready. */

import { LupineError } from '../../support/errors.js';
import { bisect, type Probe } from '../bisect.js';
import { applicationFiles, driveArchive, loadOf, serverOf } from '../guest/drive.js';
import { parseGuestOutput } from '../guest/output.js';
import { runGuest, writeInitrd } from '../guest/vm.js';
import type { Experiment, Lab, Plan } from '../types.js';
import { subjectNamed } from './sweep.js';

const HIGHEST_MIB = 256;
const ROUNDS = 3;

/**
 * Milliseconds of processor time that a server may take. A guest that hunts for memory page by page
 * would go on for hours; one that has enough needs a tenth of that.
 */
const LIMIT_MS = 500;

export const memory: Experiment = {
  name: 'memory',
  title: 'Memory',
  description: 'the least memory of the VM with which a server becomes ready, found by bisection',
  paper: 'figure 8',
  scope: 'application',
  plan,
};

async function plan(lab: Lab): Promise<Plan> {
  const load = loadOf(lab.application);
  const subjects = await lab.subjects();
  const disk = await applicationFiles({ ...load, clients: [] }, 'ext2', lab);
  const initrd = await writeInitrd(
    lab,
    await driveArchive({ server: serverOf(lab.application), disk: true }),
  );
  const measure = async (name: string, signal: AbortSignal | undefined) => {
    const { kernel, parameters } = subjectNamed(subjects, name);
    const trial = async (memoryMiB: number): Promise<string | undefined> => {
      try {
        const limited = `${parameters} bench_ready_ms=${LIMIT_MS}`.trim();
        const guest = { kernel, parameters: limited, initrd, disk, memoryMiB, signal };
        parseGuestOutput((await runGuest(lab, guest)).console);
        return undefined;
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof LupineError) return error.line;
        throw error;
      }
    };
    const { floor, probes } = await bisect(trial, HIGHEST_MIB);
    const notes = probes.map(describe);
    if (floor !== undefined) return { values: [{ metric: 'floor', value: floor }], notes };
    throw new LupineError('not ready with the most memory', { where: notes.at(-1) ?? '' });
  };
  return {
    clock: 'none',
    subjects,
    rounds: lab.rounds ?? (lab.quick ? 1 : ROUNDS),
    metrics: [
      {
        name: 'floor',
        label: `least memory, ${lab.application.name} ready`,
        unit: 'MiB',
        better: 'lower',
      },
    ],
    figures: [{ title: 'Least memory', kind: 'bars', metrics: ['floor'] }],
    warmUp: 'none: every probe is a new VM',
    notes: [
      `bisection in MiB from ${HIGHEST_MIB} down; ready: the server accepts a connection over loopback before it has used ${LIMIT_MS} ms of processor time`,
      'the root is ext2 on a virtio disk; the VM has no network card',
      'every probe, with the reason of its failure, is a note of its run in the raw results',
    ],
    measure,
  };
}

function describe({ value, failure }: Probe): string {
  return failure === undefined ? `${value} MiB: ready` : `${value} MiB: ${failure}`;
}
