/** What `lupine bench` does once it is known to be asked for. */

import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  evaluate,
  experiments,
  writeResults,
  type EvaluationOptions,
  type Experiment,
} from '../evaluation/index.js';
import { parseProfile } from '../kernel/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { nearest } from '../support/nearest.js';

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

/** Measures, and writes the results; an interruption keeps what was measured, and is told after that. */
export async function runBench(
  names: readonly string[],
  flags: BenchFlags,
  context: Context,
): Promise<void> {
  const options = optionsOf(names, flags);
  const out = flags.out ?? 'lupine-bench';
  await mkdir(out, { recursive: true });
  const path = join(out, 'results.json');
  const results = await evaluate(options, context, (sofar) => writeResults(path, sofar));
  if (results.experiments.length > 0) process.stdout.write(`${path}\n`);
  context.signal?.throwIfAborted();
}

function optionsOf(names: readonly string[], flags: BenchFlags): EvaluationOptions {
  const { runs, seed } = flags;
  return {
    experiments: names.length === 0 ? experiments : names.map(experimentNamed),
    applications: flags.app ?? ['redis'],
    selection: {
      profiles: (flags.profiles ?? ['microvm', 'lupine-general', 'lupine']).map(parseProfile),
      variants: flags.variants ?? ['nokml', 'tiny'],
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
