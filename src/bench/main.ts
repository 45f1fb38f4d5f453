/**
 * `npm run bench [-- NAME… --all --json FILE]`: measurements of Lupine against what it is judged by,
 * both sides in one run. Docs: docs/benchmarks.md.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LupineError } from '../support/errors.js';
import { terminalProgress } from '../support/progress.js';
import { experiments } from './index.js';
import { thisMachine } from './machine.js';
import { describeMachine, describeOutcome } from './report.js';
import type { Experiment } from './types.js';

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean', default: false },
    json: { type: 'string' },
    runs: { type: 'string' },
    bundle: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function usage(): string {
  const lines = experiments.map(
    ({ name, description, slow }) =>
      `  ${name.padEnd(10)} ${description}${slow === true ? ' (slow: by name or with --all)' : ''}\n`,
  );
  return `npm run bench [-- NAME... --all --json FILE --runs N --bundle DIR]\n\n${lines.join('')}`;
}

function chosen(): readonly Experiment[] {
  if (names.length === 0) return experiments.filter(({ slow }) => flags.all || slow !== true);
  return names.map((name) => {
    const found = experiments.find((experiment) => experiment.name === name);
    if (found !== undefined) return found;
    throw new LupineError('no such experiment', {
      where: name,
      fix: 'see npm run bench -- --help',
    });
  });
}

function runsWanted(): { runs?: number } {
  if (flags.runs === undefined) return {};
  const runs = Number(flags.runs);
  if (Number.isInteger(runs) && runs > 0) return { runs };
  throw new LupineError('not a number of runs', { where: `--runs ${flags.runs}` });
}

async function main(): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.once(name, () => stop.abort(new LupineError('interrupted', { exitCode: 130 })));
  }
  const context = { progress: terminalProgress(), signal: stop.signal };
  const machine = thisMachine();
  process.stdout.write(describeMachine(machine));
  const results = [];
  for (const experiment of chosen()) {
    const directory = await mkdtemp(join(tmpdir(), 'lupine-bench-'));
    const before = thisMachine().load;
    try {
      const outcome = await experiment.run({
        directory,
        ...runsWanted(),
        ...(flags.bundle === undefined ? {} : { bundle: resolve(flags.bundle) }),
        context,
      });
      const after = thisMachine().load;
      process.stdout.write(describeOutcome(experiment, outcome));
      process.stdout.write(`load average: ${load(before)} before, ${load(after)} after\n`);
      results.push({ experiment: experiment.name, load: { before, after }, ...outcome });
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    }
  }
  if (flags.json !== undefined) {
    await writeFile(flags.json, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
  }
}

function load(averages: readonly number[]): string {
  return averages.map((value) => value.toFixed(1)).join(' ');
}

try {
  if (flags.help) process.stdout.write(usage());
  else await main();
} catch (error) {
  if (!(error instanceof LupineError)) throw error;
  process.stderr.write(`bench: ${error.line}\n`);
  process.exitCode = error.exitCode ?? 1;
}
