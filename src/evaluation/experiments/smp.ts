/** What support for several processors costs on one: its primitives, and a parallel build. */

import { LupineError } from '../../support/errors.js';
import { buildInitrd, buildSteps } from '../guest/build.js';
import { parseGuestOutput, type GuestFigure } from '../guest/output.js';
import { runGuest } from '../guest/vm.js';
import type { Metric, Value } from '../results.js';
import type { Experiment, Lab, Plan } from '../types.js';
import { subjectNamed, sweep, unitOf, valueOf } from './sweep.js';

const BUILD_MEMORY_MIB = 512;

const labels = {
  futex: 'waking a futex, nobody waits',
  semaphore: 'two threads in turns by semaphores',
  thread: 'start and end of a thread',
  yield: 'sched_yield, alone',
};

const primitives = sweep({
  name: 'smp',
  title: 'Multiprocessing on one processor',
  description:
    'futexes, semaphores, threads and a parallel build on kernels with and without SMP, one CPU each',
  paper: 'section 5',
  scope: 'kernel',
  program: 'smp',
  memoryMiB: 128,
  parameters: (quick) => ({ bench_loops: quick ? 2_000 : 10_000 }),
  metrics: Object.entries(labels).map(([name, label]) => ({ name, label })),
  figures: [
    {
      title: 'Primitives of synchronisation, as a part of the baseline',
      kind: 'relative',
      metrics: Object.keys(labels),
    },
  ],
  warmUp: '2 s for the kernel to settle after boot',
  notes: ['add the variant `smp` to compare the same kernel with and without'],
});

export const smp: Experiment = { ...primitives, plan };

async function plan(lab: Lab): Promise<Plan> {
  const alone = await primitives.plan(lab);
  const initrd = await orReason(buildInitrd(lab));
  if (initrd instanceof LupineError) {
    return { ...alone, notes: [...alone.notes, `no parallel build: ${initrd.line}`] };
  }
  return withBuild(alone, initrd, lab);
}

/** Programs of this machine may be missing, and nothing else here needs them. */
async function orReason<T>(made: Promise<T>): Promise<T | LupineError> {
  try {
    return await made;
  } catch (error) {
    if (error instanceof LupineError) return error;
    throw error;
  }
}

/** The builds are made in a VM of their own, which follows that of the primitives. */
async function withBuild(alone: Plan, initrd: string, lab: Lab): Promise<Plan> {
  const subjects = await lab.subjects();
  const steps = buildSteps(lab.quick);
  const failures: string[][] = [];
  const metrics = steps.map(({ name, jobs }): Metric => {
    const label = `building a program, make -j${jobs}`;
    return { name, label, unit: unitOf(lab).unit, better: 'lower' };
  });
  return {
    ...alone,
    metrics: [...alone.metrics, ...metrics],
    figures: [
      ...alone.figures,
      {
        title: 'A parallel build, as a part of the baseline',
        kind: 'relative',
        metrics: metrics.map(({ name }) => name),
      },
    ],
    notes: [...alone.notes, ...steps.map(({ name, command }) => `${name}: ${command.join(' ')}`)],
    measure: async (wanted, signal) => {
      const measured = await alone.measure(wanted, signal);
      const { kernel, parameters } = subjectNamed(subjects, wanted);
      const guest = { kernel, parameters, initrd, memoryMiB: BUILD_MEMORY_MIB, signal };
      const { console } = await runGuest(lab, guest);
      const build = buildMeasurement(console, metrics, alone.clock);
      if (build.failure !== undefined) failures.push([wanted, build.failure]);
      return {
        ...measured,
        values: [...measured.values, ...build.values],
        notes: build.failure === undefined ? [] : [`no parallel build: ${build.failure}`],
      };
    },
    tables: () =>
      failures.length === 0
        ? []
        : [{ title: 'Builds that failed', columns: ['kernel', 'reason'], rows: failures }],
  };
}

/**
 * The figures of the builds from a guest's console. A kernel for something else may be unable to build
 * software, or for want of a file system even to hold the sources: its primitives are measured still.
 */
export function buildMeasurement(
  console: string,
  metrics: readonly Metric[],
  clock: Plan['clock'],
): { readonly values: readonly Value[]; readonly failure?: string } {
  try {
    const { figures } = parseGuestOutput(console);
    return { values: metrics.map((metric) => valueIn(figures, metric, clock)) };
  } catch (error) {
    if (error instanceof LupineError) return { values: [], failure: error.line };
    throw error;
  }
}

function valueIn(figures: readonly GuestFigure[], metric: Metric, clock: Plan['clock']): Value {
  const figure = figures.find(({ name }) => name === metric.name);
  if (figure === undefined) throw new LupineError('no figure of a build', { where: metric.name });
  return valueOf(figure, metric, clock);
}
