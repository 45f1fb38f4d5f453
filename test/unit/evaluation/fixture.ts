/** Results as an evaluation gives them: two kernels, three rounds, a sweep, a crash, something missing. */

import type { ExperimentResults, Results, Run } from '../../../src/evaluation/results.js';

function run(subject: string, round: number, outcome: Run['outcome']): Run {
  return {
    ...{ subject, round, outcome, notes: [] },
    ...{ startedAt: '2026-01-01T00:00:00.000Z', seconds: 1, load: 1.5, stealPercent: 0.25 },
  };
}

function measured(null_: number, x: readonly number[], lacks: string[] = []): Run['outcome'] {
  const sweep = x.map((value, step) => ({ metric: 'call', x: 2 ** step, value }));
  return { kind: 'measured', values: [{ metric: 'null', value: null_ }, ...sweep], lacks };
}

export const hostile = '</script><script>alert(1)</script> | `x`';

export const experiment: ExperimentResults = {
  name: 'syscall',
  title: 'System calls',
  description: 'calls <of> the kernel',
  paper: 'figure 9',
  clock: 'instructions',
  warmUp: 'none',
  baseline: 'microvm',
  subjects: [
    {
      name: 'microvm',
      description: 'the baseline',
      parameters: 'mitigations=off',
      kernel: { sha256: 'ab'.repeat(32), bytes: 3 },
    },
    { name: 'lupine', description: 'ours', parameters: '' },
  ],
  metrics: [
    { name: 'null', label: 'getppid', unit: 'instructions', better: 'lower' },
    { name: 'unix', label: 'unix socket', unit: 'instructions', better: 'lower' },
    {
      ...{ name: 'call', label: 'call', unit: 'instructions', better: 'lower' },
      axis: { label: 'turns', scale: 'log' },
    },
  ],
  figures: [
    { title: 'Bars', kind: 'bars', metrics: ['null'] },
    { title: 'Relative', kind: 'relative', metrics: ['null'] },
    { title: 'Stack', kind: 'stack', metrics: ['null', 'unix'] },
    { title: 'Lines', kind: 'lines', metrics: ['call'] },
  ],
  runs: [
    run('microvm', 0, measured(300, [1, 2])),
    run('lupine', 0, measured(150, [1, 1], ['unix'])),
    run('lupine', 1, measured(150, [1, 1], ['unix'])),
    run('microvm', 1, { kind: 'crashed', reason: hostile }),
    run('microvm', 2, measured(300, [1, 2])),
    run('lupine', 2, measured(150, [1, 1], ['unix'])),
  ],
  tables: [{ title: 'Calls', columns: ['name', 'µs'], rows: [['a', '1']] }],
  notes: ['a note'],
  interrupted: false,
};

export const results: Results = {
  format: 'lupine-bench',
  version: 1,
  lupine: '0.1.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:01:00.000Z',
  seed: 7,
  command: 'lupine bench',
  machine: {
    ...{ cpu: 'CPU', cpus: 2, memoryMiB: 1024, kernel: '6.1', node: '20' },
    ...{ monitor: 'qemu 7.2', accelerator: 'tcg' },
  },
  experiments: [experiment],
  skipped: [{ name: 'throughput', application: 'nginx', reason: `no ab: ${hostile}` }],
};

/** The same with other values of one metric on one kernel. */
export function withValues(metric: string, subject: string, values: readonly number[]): Results {
  let next = 0;
  const runs = experiment.runs.map((one): Run => {
    const { outcome } = one;
    if (one.subject !== subject || outcome.kind !== 'measured') return one;
    const value = values[next++ % values.length] ?? 0;
    const changed = outcome.values.map((old) => (old.metric === metric ? { ...old, value } : old));
    return { ...one, outcome: { ...outcome, values: changed } };
  });
  return { ...results, experiments: [{ ...experiment, runs }] };
}
