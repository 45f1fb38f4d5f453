/** A whole evaluation: the experiments that were asked for, one after the other, as one set of results. */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applicationNamed, loadCatalogue, type ApplicationManifest } from '../manifest/index.js';
import { qemuMonitor } from '../monitor/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { packageDirectory } from '../support/paths.js';
import { chooseFor } from './accelerator.js';
import { allowedCpus, describeMachine, measuringCpu } from './machine.js';
import { resultsFormat, type ExperimentResults, type Results } from './results.js';
import { runExperiment } from './runner.js';
import { randomOf } from './statistics/index.js';
import { buildSubjects, configureSubjects, type Selection } from './subjects.js';
import type { Experiment, Lab, Subject } from './types.js';

export interface EvaluationOptions {
  readonly experiments: readonly Experiment[];
  /** Of the catalogue; experiments about kernels alone take the first. */
  readonly applications: readonly string[];
  readonly selection: Selection;
  readonly quick: boolean;
  readonly rounds?: number;
  /** Of the order of runs. */
  readonly seed: number;
  /** As the user typed it, for the record. */
  readonly command: string;
}

/** One experiment with one application: what is made one after the other. */
interface Part {
  readonly experiment: Experiment;
  readonly application: ApplicationManifest;
}

/**
 * Makes an evaluation. When the signal is aborted, what was measured until then is returned.
 * @param keep called after each experiment with everything so far, which a later failure cannot take.
 */
export async function evaluate(
  options: EvaluationOptions,
  context: Context,
  keep: (results: Results) => Promise<void>,
): Promise<Results> {
  const directory = await mkdtemp(join(tmpdir(), 'lupine-bench-'));
  try {
    return await evaluateIn(directory, options, context, keep);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function evaluateIn(
  directory: string,
  options: EvaluationOptions,
  context: Context,
  keep: (results: Results) => Promise<void>,
): Promise<Results> {
  const parts = await partsOf(options);
  const kernels = new Map<string, Promise<Subject[]>>();
  const subjectsFor = (application: string) => {
    const known =
      kernels.get(application) ?? buildSubjects(options.selection, application, context);
    kernels.set(application, known);
    return known;
  };
  const monitor = await qemuMonitor();
  const choice = await chooseFor(
    monitor,
    directory,
    async () => (await subjectsFor(parts[0]?.application.name ?? ''))[0]?.kernel ?? '',
    context.signal,
  );
  const hostCpu = measuringCpu(choice.accelerator, allowedCpus());
  let results: Results = {
    ...resultsFormat,
    lupine: ownVersion(),
    startedAt: new Date().toISOString(),
    endedAt: new Date().toISOString(),
    seed: options.seed,
    command: options.command,
    machine: describeMachine(monitor, choice, hostCpu),
    experiments: [],
    skipped: [],
  };
  const random = randomOf(options.seed);
  for (const [index, { experiment, application }] of parts.entries()) {
    if (context.signal?.aborted === true) break;
    const lab: Lab = {
      monitor,
      accelerator: choice.accelerator,
      ...(hostCpu === undefined ? {} : { hostCpu }),
      application,
      subjects: () => subjectsFor(application.name),
      configurations: () => configureSubjects(options.selection, application.name, context),
      quick: options.quick,
      ...(options.rounds === undefined ? {} : { rounds: options.rounds }),
      directory: await mkdtemp(join(directory, `${experiment.name}-`)),
      context,
    };
    const title = `[${index + 1}/${parts.length}] ${nameOf(experiment, application)}`;
    const made = await orSkip(runExperiment(experiment, lab, { random, title }), context);
    if (made === undefined) break;
    results = add(results, made, { experiment, application });
    if (made instanceof LupineError) context.progress.note(`${title}: skipped: ${made.line}`, true);
    await keep(results);
  }
  return results;
}

/** What cannot be made stops no other experiment. Undefined when it was interrupted. */
async function orSkip(
  made: Promise<ExperimentResults>,
  { signal }: Context,
): Promise<ExperimentResults | LupineError | undefined> {
  try {
    return await made;
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    if (error instanceof LupineError) return error;
    throw error;
  }
}

function add(results: Results, made: ExperimentResults | LupineError, part: Part): Results {
  const { experiments, skipped } = results;
  const endedAt = new Date().toISOString();
  if (!(made instanceof LupineError)) {
    return { ...results, endedAt, experiments: [...experiments, made] };
  }
  const { name, scope } = part.experiment;
  const application = scope === 'kernel' ? {} : { application: part.application.name };
  return {
    ...results,
    endedAt,
    skipped: [...skipped, { name, ...application, reason: made.line }],
  };
}

async function partsOf({ experiments, applications }: EvaluationOptions): Promise<Part[]> {
  const catalogue = await loadCatalogue();
  const manifests = applications.map((name) => applicationNamed(catalogue, name));
  return experiments.flatMap((experiment) => {
    const wanted = experiment.scope === 'kernel' ? manifests.slice(0, 1) : manifests;
    return wanted.map((application) => ({ experiment, application }));
  });
}

function nameOf({ name, scope }: Experiment, application: ApplicationManifest): string {
  return scope === 'kernel' ? name : `${name} of ${application.name}`;
}

function ownVersion(): string {
  const text = readFileSync(join(packageDirectory, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
