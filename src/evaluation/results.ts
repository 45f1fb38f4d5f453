/**
 * The raw results as a JSON file: every run with everything that was measured, and what a reader must
 * know to judge it. The schema below is the format's definition; docs/evaluation.md describes it.
 */

import { readFile, rename, writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import { LupineError } from '../support/errors.js';

/** Raised with every change that an older reader would misread. */
const VERSION = 1;

const text = v.string();
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const positive = v.pipe(v.number(), v.minValue(0));

const machineSchema = v.object({
  cpu: text,
  cpus: count,
  memoryMiB: count,
  /** The host's. */
  kernel: text,
  node: text,
  /** `qemu 7.2.22` */
  monitor: text,
  accelerator: v.picklist(['kvm', 'tcg']),
  /** Why not KVM; absent where it is used or was not wanted. */
  reason: v.optional(text),
  /** The processor on which every VM ran; absent where they were not pinned. */
  hostCpu: v.optional(count),
});

/** A kernel with its boot parameters: what is compared. */
const subjectSchema = v.object({
  name: text,
  description: text,
  /** On the kernel's command line, beyond what the monitor needs. */
  parameters: text,
  /** Hashes name exactly what was measured. Absent where no kernel was built: only its `.config` counted. */
  kernel: v.optional(v.object({ sha256: text, bytes: count })),
});

const metricSchema = v.object({
  name: text,
  label: text,
  /** `instructions`, `ns`, `bytes`, `MiB`, `options`, `requests/s` */
  unit: text,
  better: v.picklist(['lower', 'higher', 'neither']),
  /** Measured for several values of a parameter: its name, and how the axis is drawn. */
  axis: v.optional(v.object({ label: text, scale: v.picklist(['linear', 'log']) })),
});

const valueSchema = v.object({
  metric: text,
  /** Of the metric's axis. */
  x: v.optional(v.number()),
  value: v.number(),
});

const runSchema = v.object({
  subject: text,
  /** From 0: runs of one round are neighbours in time and are compared as pairs. */
  round: count,
  startedAt: text,
  seconds: positive,
  /** The host beside the run: load average of a minute, and time stolen by other VMs. */
  load: positive,
  stealPercent: positive,
  outcome: v.variant('kind', [
    v.object({
      kind: v.literal('measured'),
      values: v.array(valueSchema),
      /** What the kernel cannot do, and so has no value. */
      lacks: v.array(text),
    }),
    /** Counted and shown, never dropped in silence. */
    v.object({ kind: v.literal('crashed'), reason: text }),
  ]),
  /** What else is to be told of this run: the probes of a bisection, say. */
  notes: v.array(text),
});

const figureSchema = v.object({
  title: text,
  /** `bars`: a group a metric. `relative`: the same as a part of the baseline's. `stack`: metrics on each other. */
  kind: v.picklist(['bars', 'relative', 'stack', 'lines']),
  metrics: v.array(text),
});

const tableSchema = v.object({
  title: text,
  columns: v.array(text),
  rows: v.array(v.array(text)),
});

const experimentSchema = v.object({
  name: text,
  title: text,
  description: text,
  /** Where the paper has it. */
  paper: text,
  /** Of the catalogue; absent where the experiment is about kernels alone. */
  application: v.optional(text),
  /** What a value counts: never to be mixed. */
  clock: v.picklist(['instructions', 'time', 'none']),
  warmUp: text,
  /** The subject that others are compared with. */
  baseline: v.optional(text),
  subjects: v.array(subjectSchema),
  metrics: v.array(metricSchema),
  figures: v.array(figureSchema),
  /** In the order in which they were made. */
  runs: v.array(runSchema),
  tables: v.array(tableSchema),
  notes: v.array(text),
  /** Ended before all its rounds were made. */
  interrupted: v.boolean(),
});

/** What could not be made at all: a program is missing, a kernel does not build. */
const skippedSchema = v.object({ name: text, application: v.optional(text), reason: text });

const resultsSchema = v.object({
  format: v.literal('lupine-bench'),
  version: v.literal(VERSION),
  lupine: text,
  startedAt: text,
  endedAt: text,
  /** Of the order of runs. */
  seed: count,
  /** As it can be typed again. */
  command: text,
  machine: machineSchema,
  experiments: v.array(experimentSchema),
  skipped: v.array(skippedSchema),
});

export type Machine = v.InferOutput<typeof machineSchema>;
export type SubjectRecord = v.InferOutput<typeof subjectSchema>;
export type Metric = v.InferOutput<typeof metricSchema>;
export type Value = v.InferOutput<typeof valueSchema>;
export type Run = v.InferOutput<typeof runSchema>;
export type Figure = v.InferOutput<typeof figureSchema>;
export type Table = v.InferOutput<typeof tableSchema>;
export type ExperimentResults = v.InferOutput<typeof experimentSchema>;
export type Results = v.InferOutput<typeof resultsSchema>;

export const resultsFormat = { format: 'lupine-bench', version: VERSION } as const;

/** Reads results. @throws LupineError where the file is missing or not of this format and version. */
export async function readResults(path: string): Promise<Results> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new LupineError('cannot read the results', {
      where: path,
      fix: 'give the results.json of a `lupine bench`, or its directory',
      cause,
    });
  }
  const parsed = v.safeParse(resultsSchema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new LupineError('not the results of this version of `lupine bench`', {
    where: `${path}: ${v.getDotPath(issue) ?? ''} ${issue.message}`,
  });
}

/** Writes results in one step: a reader finds the old file or the new one. */
export async function writeResults(path: string, results: Results): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(v.parse(resultsSchema, results), undefined, 1)}\n`);
  await rename(temporary, path);
}
