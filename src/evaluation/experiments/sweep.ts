/**
 * The experiments that are one program in the guest, which prints all their figures: boot it on every
 * kernel, once a round.
 */

import { benchArchive, runGuest, writeInitrd, type BenchProgram } from '../guest/vm.js';
import { parseGuestOutput, type GuestFigure } from '../guest/output.js';
import type { Figure, Metric, Value } from '../results.js';
import type { Experiment, Lab, Plan, Subject } from '../types.js';

export interface Sweep extends Omit<Experiment, 'plan'> {
  readonly program: BenchProgram;
  readonly memoryMiB: number;
  /** Parameters of the program, by its environment. */
  parameters(quick: boolean): Readonly<Record<string, number>>;
  readonly metrics: readonly Omit<Metric, 'unit' | 'better'>[];
  readonly figures: readonly Figure[];
  readonly warmUp: string;
  readonly notes: readonly string[];
}

/** What a value of the guest's programs is here. */
export function unitOf({ accelerator }: Lab): { clock: Plan['clock']; unit: string } {
  return accelerator === 'tcg'
    ? { clock: 'instructions', unit: 'instructions' }
    : { clock: 'time', unit: 'ns' };
}

/** Instructions are the same in each run: a second only proves it. Time is not. */
export function roundsOf(lab: Lab, timed: number): number {
  if (lab.rounds !== undefined) return lab.rounds;
  if (lab.accelerator === 'tcg') return 2;
  return lab.quick ? Math.min(5, timed) : timed;
}

/** A figure as the value of the metric of its name: for one repetition. */
export function valueOf(
  figure: GuestFigure,
  metric: Pick<Metric, 'axis'>,
  clock: Plan['clock'],
): Value {
  const total = clock === 'instructions' ? figure.ticks : figure.nanoseconds;
  return {
    metric: figure.name,
    ...(metric.axis === undefined ? {} : { x: figure.x }),
    value: total / figure.count,
  };
}

const TIMED_ROUNDS = 20;

export function sweep(description: Sweep): Experiment {
  const { name, title, description: what, paper, scope } = description;
  const plan = (lab: Lab) => planSweep(description, lab);
  return { name, title, description: what, paper, scope, plan };
}

async function planSweep(experiment: Sweep, lab: Lab): Promise<Plan> {
  const subjects = await lab.subjects();
  const { clock, unit } = unitOf(lab);
  const initrd = await writeInitrd(lab, await benchArchive(experiment.program));
  const settings = Object.entries(experiment.parameters(lab.quick));
  const words = settings.map(([key, value]) => `${key}=${value}`).join(' ');
  const metrics = experiment.metrics.map((metric): Metric => ({
    ...metric,
    unit,
    better: 'lower',
  }));
  const measure = async ({ kernel, parameters }: Subject, signal: AbortSignal | undefined) => {
    const { console } = await runGuest(lab, {
      kernel,
      parameters: `${parameters} ${words}`.trim(),
      initrd,
      memoryMiB: experiment.memoryMiB,
      signal,
    });
    const { figures, lacks } = parseGuestOutput(console);
    const values = figures.flatMap((figure) => {
      const metric = metrics.find((one) => one.name === figure.name);
      return metric === undefined ? [] : [valueOf(figure, metric, clock)];
    });
    return { values, lacks };
  };
  return {
    clock,
    subjects,
    rounds: roundsOf(lab, TIMED_ROUNDS),
    metrics,
    figures: experiment.figures,
    warmUp: experiment.warmUp,
    notes: [...experiment.notes, `parameters of the program: ${words}`],
    measure: (wanted, signal) => measure(subjectNamed(subjects, wanted), signal),
  };
}

export function subjectNamed<T extends { readonly name: string }>(
  subjects: readonly T[],
  name: string,
): T {
  const found = subjects.find((subject) => subject.name === name);
  if (found === undefined) throw new Error(`no subject ${name}`);
  return found;
}
