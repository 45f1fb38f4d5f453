/**
 * Makes the runs of one experiment: every subject once a round, in random order, each run kept with
 * the state of the host beside it. Runs that others do not disturb are made side by side. A run that
 * fails is kept as crashed; an interruption keeps what was measured until then.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { LupineError } from '../support/errors.js';
import { watchHost } from './machine.js';
import type { ExperimentResults, Run, SubjectRecord } from './results.js';
import { schedule, type Random } from './statistics/index.js';
import type { Configured, Experiment, Lab, Plan, Subject } from './types.js';

/** @param title what the user reads while it runs. */
export async function runExperiment(
  experiment: Experiment,
  lab: Lab,
  options: { readonly random: Random; readonly title: string },
): Promise<ExperimentResults> {
  const plan = await experiment.plan(lab);
  const { signal, progress } = lab.context;
  const names = plan.subjects.map(({ name }) => name);
  const turns = schedule(names, plan.rounds, options.random);
  const runs: Run[] = [];
  const task = progress.task(options.title);
  const left = turns.values();
  const work = async () => {
    for (const { round, subject } of left) {
      task.update({ done: runs.length, total: turns.length, unit: 'runs' });
      const run = await makeRun(plan, subject, round, signal);
      if (run === undefined) break;
      runs.push(run);
    }
  };
  await Promise.all(Array.from({ length: sideBySide(lab, plan) }, work));
  const crashed = runs.filter(({ outcome }) => outcome.kind === 'crashed').length;
  const interrupted = runs.length < turns.length;
  if (interrupted) task.fail(`${options.title}: interrupted`);
  else task.succeed(crashed === 0 ? undefined : `${options.title}: ${crashed} runs crashed`);
  return {
    name: experiment.name,
    title: experiment.title,
    description: experiment.description,
    paper: experiment.paper,
    ...(experiment.scope === 'application' ? { application: lab.application.name } : {}),
    clock: plan.clock,
    warmUp: plan.warmUp,
    ...(names[0] === undefined ? {} : { baseline: names[0] }),
    subjects: await Promise.all(plan.subjects.map(recordOf)),
    metrics: [...plan.metrics],
    figures: [...plan.figures],
    runs,
    tables: [...(plan.tables?.() ?? [])],
    notes: [...plan.notes],
    interrupted,
  };
}

/** Counted instructions are the same beside others; time is not. */
function sideBySide(lab: Lab, plan: Plan): number {
  return lab.accelerator === 'tcg' && plan.clock !== 'time' ? availableParallelism() : 1;
}

/** @returns undefined when it was interrupted. */
async function makeRun(
  plan: Plan,
  subject: string,
  round: number,
  signal: AbortSignal | undefined,
): Promise<Run | undefined> {
  const startedAt = new Date();
  const noiseSince = watchHost();
  const finish = (outcome: Run['outcome'], notes: readonly string[] = []): Run => ({
    subject,
    round,
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    ...noiseSince(),
    outcome,
    notes: [...notes],
  });
  const interrupted = () => signal?.aborted === true;
  if (interrupted()) return undefined;
  try {
    const { values, lacks = [], notes } = await plan.measure(subject, signal);
    return finish({ kind: 'measured', values: [...values], lacks: [...lacks] }, notes);
  } catch (error) {
    if (interrupted()) return undefined;
    // Anything else is a bug of ours, not an outcome.
    if (!(error instanceof LupineError)) throw error;
    return finish({ kind: 'crashed', reason: error.line });
  }
}

async function recordOf(subject: Configured | Subject): Promise<SubjectRecord> {
  const { name, description } = subject;
  if (!('kernel' in subject)) return { name, description, parameters: '' };
  const hash = createHash('sha256');
  await pipeline(createReadStream(subject.kernel), hash);
  const { size } = await stat(subject.kernel);
  const kernel = { sha256: hash.digest('hex'), bytes: size };
  return { name, description, parameters: subject.parameters, kernel };
}
