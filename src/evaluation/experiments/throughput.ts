/** Requests a second of servers under the usual load. */

import { LupineError } from '../../support/errors.js';
import type { Load } from '../../manifest/index.js';
import { applicationFiles, driveArchive, loadOf, serverOf, stepsOf } from '../guest/drive.js';
import { parseGuestOutput } from '../guest/output.js';
import { runGuest, writeInitrd } from '../guest/vm.js';
import type { Experiment, Lab, Measurement, Plan } from '../types.js';
import { roundsOf, subjectNamed, unitOf } from './sweep.js';

const MEMORY_MIB = 512;
const TIMED_ROUNDS = 35;

export const throughput: Experiment = {
  name: 'throughput',
  title: 'Throughput',
  description: 'requests a second of a server, from a client in the same guest over loopback',
  paper: 'table 4',
  scope: 'application',
  plan,
};

async function plan(lab: Lab): Promise<Plan> {
  const { application } = lab;
  const load = loadOf(application);
  const subjects = await lab.subjects();
  const steps = stepsOf(load, lab.quick);
  const files = await applicationFiles(load, 'initramfs', lab);
  const initrd = await writeInitrd(
    lab,
    await driveArchive({ server: serverOf(application), steps }),
    files,
  );
  const { clock } = unitOf(lab);
  return {
    clock,
    subjects,
    rounds: roundsOf(lab, TIMED_ROUNDS),
    metrics: load.steps.map(({ name, label }) => ({
      name,
      label,
      unit: clock === 'instructions' ? 'requests / 10⁹ instructions' : 'requests/s',
      better: 'higher',
    })),
    figures: [
      { title: 'Requests', kind: 'bars', metrics: load.steps.map(({ name }) => name) },
      {
        title: 'Requests, as a part of the baseline',
        kind: 'relative',
        metrics: load.steps.map(({ name }) => name),
      },
    ],
    warmUp: '2 s for the kernel to settle after the server is ready, which answered one connection',
    notes: [
      ...steps.map(({ name, command }) => `${name}: ${command.join(' ')}`),
      'client and server share the one CPU of the guest; the figure is the client’s own',
    ],
    measure: async (wanted, signal) => {
      const { kernel, parameters } = subjectNamed(subjects, wanted);
      const guest = { kernel, parameters, initrd, memoryMiB: MEMORY_MIB, signal };
      const { console } = await runGuest(lab, guest);
      return measurementOf(load, parseGuestOutput(console).steps);
    },
  };
}

/** @param output what each client printed, by the step's name. */
export function measurementOf(load: Load, output: ReadonlyMap<string, string>): Measurement {
  const values = load.steps.map(({ name, result }) => {
    const text = output.get(name) ?? '';
    const value = Number(new RegExp(result, 'm').exec(text)?.[1]);
    if (value > 0) return { metric: name, value };
    const line = text.trim().split('\n').at(-1) ?? '';
    throw new LupineError('the client gave no figure', { where: `${name}: ${line.slice(0, 200)}` });
  });
  return { values };
}
