/** What `lupine bench` does once it is known to be asked for. */

import { mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  compareResults,
  evaluate,
  experiments,
  readResults,
  writeResults,
  type Change,
  type EvaluationOptions,
  type Experiment,
  type Results,
} from '../evaluation/index.js';
import { parseProfile } from '../kernel/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { nearest } from '../support/nearest.js';
import { printJson, printTable } from './output.js';

export interface BenchFlags {
  readonly app?: string[];
  readonly profiles?: string[];
  readonly variants?: string[];
  readonly kernel?: string[];
  readonly config?: string[];
  readonly runs?: string;
  readonly quick?: boolean;
  readonly seed?: string;
  readonly out?: string;
  readonly quiet?: boolean;
}

const SEEDS = 2 ** 31;
const RESULTS = 'results.json';

/** Measures, and writes results and report; an interruption keeps what was measured, and is told after that. */
export async function runBench(
  names: readonly string[],
  flags: BenchFlags,
  context: Context,
): Promise<void> {
  const options = optionsOf(names, flags);
  const out = flags.out ?? 'lupine-bench';
  await mkdir(out, { recursive: true });
  const path = join(out, RESULTS);
  const results = await evaluate(options, context, (sofar) => writeResults(path, sofar));
  if (results.experiments.length > 0) await writeReport(out, results);
  context.signal?.throwIfAborted();
  const { experiments: made, skipped } = results;
  if (made.length === 0 && skipped.length > 0) throw new LupineError('nothing could be measured');
}

async function writeReport(out: string, results: Results): Promise<void> {
  const { htmlReport, markdownReport } = await import('../evaluation/report/index.js');
  await writeFile(join(out, 'report.html'), htmlReport(results));
  await writeFile(join(out, 'report.md'), markdownReport(results));
  for (const name of [RESULTS, 'report.md', 'report.html']) {
    process.stdout.write(`${join(out, name)}\n`);
  }
}

/** Prints what changed from one evaluation to another. */
export async function runCompare(
  before: string,
  after: string,
  flags: { readonly all?: boolean; readonly json?: boolean },
): Promise<void> {
  const [old, recent] = await Promise.all([before, after].map(resultsAt));
  if (old === undefined || recent === undefined) throw new Error('two results');
  const changes = compareResults(old, recent);
  if (flags.json === true) {
    printJson(changes);
    return;
  }
  const shown = changes.filter(({ verdict }) => flags.all === true || verdict !== 'same');
  if (shown.length > 0) {
    const { formatComparison, formatNumber } = await import('../evaluation/report/index.js');
    printTable(
      ['experiment', 'kernel', 'figure', 'unit', 'old', 'new', 'new/old', 'verdict'],
      shown.map((change) => [
        `${change.experiment} ${change.application ?? ''}`.trim(),
        change.subject,
        stepOf(change),
        change.metric.unit,
        formatNumber(change.before),
        formatNumber(change.after),
        formatComparison(change.comparison),
        change.verdict,
      ]),
    );
  }
  process.stdout.write(
    `${shown.length} of ${changes.length} figures ${flags.all === true ? 'shown' : 'differ'}\n`,
  );
}

function stepOf({ metric, x }: Change): string {
  return x === undefined ? metric.name : `${metric.name} at ${x}`;
}

/** @param path the file, or the directory of an evaluation. */
async function resultsAt(path: string): Promise<Results> {
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return readResults(isDirectory ? join(path, RESULTS) : path);
}

function optionsOf(names: readonly string[], flags: BenchFlags): EvaluationOptions {
  const { runs, seed } = flags;
  return {
    experiments: names.length === 0 ? experiments : names.map(experimentNamed),
    applications: flags.app ?? ['redis'],
    selection: {
      profiles: (flags.profiles ?? ['microvm', 'lupine-general', 'lupine']).map(parseProfile),
      variants: flags.variants ?? ['nokml', 'kml', 'tiny'],
      kernels: (flags.kernel ?? []).map((text) => {
        const { name, value } = named(text);
        return { name, files: value };
      }),
      configs: (flags.config ?? []).map((text) => {
        const { name, value } = named(text);
        return { name, files: value.split(',') };
      }),
    },
    quick: flags.quick === true,
    ...(runs === undefined ? {} : { rounds: wholeNumber('--runs', runs, 1) }),
    seed: seed === undefined ? Math.floor(Math.random() * SEEDS) : wholeNumber('--seed', seed, 0),
    command: ['lupine', ...process.argv.slice(2)].join(' '),
  };
}

function experimentNamed(name: string): Experiment {
  const found = experiments.find((experiment) => experiment.name === name);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    experiments.map((experiment) => experiment.name),
  );
  throw new LupineError('no such experiment', {
    where: name,
    fix:
      near.length > 0 ? `did you mean ${near.join(' or ')}?` : '`lupine bench --list` lists them',
  });
}

/** `NAME=FILE`, or a file whose own name is the name. */
function named(text: string): { name: string; value: string } {
  const match = /^([A-Za-z0-9 _.-]+)=(.+)$/.exec(text);
  if (match !== null) return { name: match[1] ?? '', value: match[2] ?? '' };
  return { name: basename(text.split(',')[0] ?? ''), value: text };
}

function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value < SEEDS) return value;
  throw new LupineError('not a number that can be used', { where: `${flag} ${text}` });
}
