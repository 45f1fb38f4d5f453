import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { readResults, writeResults } from '../../../src/evaluation/results.js';
import { runExperiment } from '../../../src/evaluation/runner.js';
import { randomOf } from '../../../src/evaluation/statistics/index.js';
import type { Experiment, Lab, Plan } from '../../../src/evaluation/types.js';
import type { Accelerator } from '../../../src/monitor/index.js';
import { LupineError } from '../../../src/support/errors.js';
import { silentProgress } from '../../../src/support/progress.js';
import { results } from './fixture.js';

const directory = mkdtempSync(join(tmpdir(), 'lupine-runner-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function experimentOf(measure: Plan['measure'], clock: Plan['clock'] = 'time'): Experiment {
  const plan: Plan = {
    ...{ clock, rounds: 3, metrics: [], figures: [], warmUp: 'none', notes: [], measure },
    subjects: ['a', 'b', 'c'].map((name) => ({ name, description: name })),
  };
  return {
    ...{ name: 'fake', title: 'Fake', description: '', paper: '', scope: 'kernel' },
    plan: () => Promise.resolve(plan),
  };
}

function make(experiment: Experiment, signal?: AbortSignal, accelerator: Accelerator = 'tcg') {
  const context = { progress: silentProgress, ...(signal === undefined ? {} : { signal }) };
  // The plans here look at nothing else.
  const lab = { context, accelerator } as Lab;
  return runExperiment(experiment, lab, { random: randomOf(3), title: 'fake' });
}

const values = [{ metric: 'm', value: 1 }];

describe('the runner', () => {
  test('gives every subject a run in every round, in turns', async () => {
    const order: string[] = [];
    const { runs, interrupted, baseline } = await make(
      experimentOf((subject) => {
        order.push(subject);
        return Promise.resolve({ values });
      }),
    );
    expect(interrupted).toBe(false);
    expect(baseline).toBe('a');
    expect(runs.map(({ subject }) => subject)).toEqual(order);
    for (const round of [0, 1, 2]) {
      const names = runs.filter((run) => run.round === round).map(({ subject }) => subject);
      expect(names.sort()).toEqual(['a', 'b', 'c']);
    }
  });

  test('keeps a crashed run with its reason, and goes on', async () => {
    const { runs } = await make(
      experimentOf((subject) =>
        subject === 'b'
          ? Promise.reject(new LupineError('the guest died', { where: 'panic' }))
          : Promise.resolve({ values }),
      ),
    );
    expect(runs).toHaveLength(9);
    const crashed = runs.filter(({ outcome }) => outcome.kind === 'crashed');
    expect(crashed).toHaveLength(3);
    expect(crashed[0]?.outcome).toEqual({ kind: 'crashed', reason: 'the guest died: panic' });
  });

  test('keeps what was measured when it is interrupted', async () => {
    const stop = new AbortController();
    let made = 0;
    const { runs, interrupted } = await make(
      experimentOf(() => {
        made++;
        if (made === 5) stop.abort();
        return made < 5 ? Promise.resolve({ values }) : Promise.reject(new Error('aborted'));
      }),
      stop.signal,
    );
    expect(interrupted).toBe(true);
    expect(runs).toHaveLength(4);
    expect(made).toBe(5);
  });

  test.each([
    ['instructions', 'tcg', availableParallelism()],
    ['none', 'tcg', availableParallelism()],
    ['time', 'kvm', 1],
    ['none', 'kvm', 1],
  ] as const)('makes runs of %s on %s side by side: %i', async (clock, accelerator, expected) => {
    let running = 0;
    let most = 0;
    const experiment = experimentOf(async () => {
      most = Math.max(most, ++running);
      await setImmediate();
      running--;
      return { values };
    }, clock);
    const { runs } = await make(experiment, undefined, accelerator);
    expect(most).toBe(Math.min(expected, 9));
    expect(new Set(runs.map(({ subject, round }) => `${subject} ${round}`)).size).toBe(9);
  });

  test('takes an error of ours for what it is', async () => {
    const bug = experimentOf(() => Promise.reject(new TypeError('a bug')));
    await expect(make(bug)).rejects.toThrow('a bug');
  });
});

describe('the file of results', () => {
  test('is read as it was written', async () => {
    const path = join(directory, 'results.json');
    await writeResults(path, results);
    expect(await readResults(path)).toEqual(results);
  });

  test.each([
    ['{', 'cannot read the results'],
    ['{"format":"lupine-bench","version":2}', 'not the results of this version'],
    [JSON.stringify({ ...results, seed: 'x' }), 'seed'],
  ])('is refused where it is another: %s', async (text, why) => {
    const path = join(directory, 'other.json');
    writeFileSync(path, text);
    const line = await readResults(path).catch((error: unknown) => (error as LupineError).line);
    expect(line).toContain(why);
  });
});
