/** Which applications are several processes, threads or programs: seen, not assumed. */

import { loadCatalogue, type ApplicationManifest } from '../../manifest/index.js';
import { LupineError } from '../../support/errors.js';
import { applicationFiles, driveArchive, loadOf, serverOf, stepsOf } from '../guest/drive.js';
import { parseGuestOutput } from '../guest/output.js';
import { runGuest, writeInitrd } from '../guest/vm.js';
import type { Metric } from '../results.js';
import type { Configured, Experiment, Lab, Plan } from '../types.js';
import { subjectNamed } from './sweep.js';

const MEMORY_MIB = 512;

const counted = {
  forks: 'processes it starts',
  threads: 'threads it starts',
  execs: 'other programs it becomes',
  dynamic: 'linked dynamically (1: yes)',
};

export const fork: Experiment = {
  name: 'fork',
  title: 'Processes of applications',
  description:
    'what tasks the catalogue’s applications make from their start to the end of their load',
  paper: 'open question of the original',
  scope: 'kernel',
  plan,
};

async function plan(lab: Lab): Promise<Plan> {
  const catalogue = [...(await loadCatalogue()).values()];
  const known = catalogue.filter(({ load }) => load !== undefined);
  const unknown = catalogue.filter(({ load }) => load === undefined);
  // The baseline has every option: no application does without something for want of it.
  const [kernel] = await lab.subjects();
  if (kernel === undefined) throw new LupineError('no kernel to trace applications on');
  const metrics = Object.entries(counted).map(([name, label]): Metric => ({
    name,
    label,
    unit: 'number',
    better: 'neither',
  }));
  return {
    clock: 'none',
    subjects: known.map(({ name }): Configured => ({
      name,
      description: `traced on ${kernel.name}`,
    })),
    rounds: 1,
    metrics,
    figures: [{ title: 'Tasks', kind: 'bars', metrics: ['forks', 'threads', 'execs'] }],
    warmUp: 'none',
    notes: [
      'by ptrace in the guest; workers that a server starts for each processor are those for one',
      `no load is known for ${unknown.map(({ name }) => name).join(', ')}`,
    ],
    measure: (name, signal) => measure(subjectNamed(known, name), lab, kernel, signal),
  };
}

async function measure(
  application: ApplicationManifest,
  lab: Lab,
  { kernel, parameters }: { readonly kernel: string; readonly parameters: string },
  signal: AbortSignal | undefined,
) {
  const load = loadOf(application);
  const steps = stepsOf(load, true);
  const files = await applicationFiles(load, 'initramfs', lab);
  const archive = await driveArchive({ server: serverOf(application), steps, trace: true });
  const initrd = await writeInitrd(lab, archive, files);
  const guest = { kernel, parameters, initrd, memoryMiB: MEMORY_MIB, signal };
  const { counts } = parseGuestOutput((await runGuest(lab, guest)).console);
  const values = Object.keys(counted).map((metric) => ({
    metric,
    value: counts.get(metric) ?? NaN,
  }));
  if (values.every(({ value }) => Number.isSafeInteger(value))) return { values };
  throw new LupineError('the guest did not tell what it counted', { where: application.name });
}
