/**
 * What it takes to read the Kconfig files of linux-6.12 for x86_64 and to configure: the library against
 * the kernel's own conf on the same tree, with the toolchain asked (cold) and with its answers remembered
 * (warm; conf always asks). Then the library alone: one decision changed, and every value read again.
 */

import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Kconfig } from '../kconfig/index.js';
import { prepareSource } from '../kernel/index.js';
import { LupineError } from '../support/errors.js';
import { packageDirectory } from '../support/paths.js';
import { run } from '../support/process.js';
import { measure, type Cost } from './measure.js';
import { median } from './statistics.js';
import { compileTool } from './tools.js';
import type { Experiment, Finding, Setup } from './types.js';

const RUNS = 5;
const CHANGES = 500;
const MEMORY_GOAL_MIB = 250e6 / 2 ** 20;

interface Runs {
  readonly cold: Cost[];
  readonly warm: Cost[];
  readonly conf: Cost[];
}

export const kconfig: Experiment = {
  name: 'kconfig',
  description:
    'reading and configuring linux-6.12: the Kconfig library against `conf --allnoconfig`',
  async run(setup: Setup) {
    const sides = await prepare(setup);
    const runs: Runs = { cold: [], warm: [], conf: [] };
    for (let count = 0; count < (setup.runs ?? RUNS); count++) {
      await sides.forget();
      runs.cold.push(await sides.ours());
      runs.conf.push(await sides.conf());
      runs.warm.push(await sides.ours());
    }
    await sides.compare();
    return {
      findings: [...costs(runs), reevaluation(sides.kconfig)],
      notes: ['both sides wrote the same .config', `${CHANGES} changes of options drawn at random`],
    };
  },
};

function costs({ cold, warm, conf }: Runs): Finding[] {
  const cpu = (all: readonly Cost[]) => all.map(({ cpuMs }) => cpuMs);
  const reference = { name: 'conf --allnoconfig', runs: cpu(conf) };
  const peaks = [...cold, ...warm].map(({ peakProcessMiB }) => peakProcessMiB);
  return [
    {
      what: 'allnoconfig, cold: processor time',
      unit: 'ms',
      ours: { name: 'library', runs: cpu(cold) },
      reference,
    },
    {
      what: 'allnoconfig, warm: processor time',
      unit: 'ms',
      ours: { name: 'library', runs: cpu(warm) },
      reference,
      goal: {
        text: 'at most 400 ms and a quarter of conf',
        met: median(cpu(warm)) <= Math.min(400, median(cpu(conf)) / 4),
      },
    },
    {
      what: 'most memory',
      unit: 'MiB',
      ours: { name: 'library', runs: peaks },
      goal: { text: 'at most 250 MB', met: Math.max(...peaks) <= MEMORY_GOAL_MIB },
    },
  ];
}

/** Options decided on one after the other, each time with all values read afterwards. */
function reevaluation(kconfig: Kconfig): Finding {
  const { space } = kconfig;
  const configuration = kconfig.configuration();
  const options = space.symbols.filter(
    ({ type, prompts }) => prompts.length > 0 && (type === 'bool' || type === 'tristate'),
  );
  const runs: number[] = [];
  let state = 1;
  for (let change = 0; change <= CHANGES; change++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    const option = options[state % options.length];
    if (option === undefined) throw new LupineError('there are no options');
    const value = configuration.value(option) === 'n' ? 'y' : 'n';
    const start = performance.now();
    configuration.set(option, value);
    for (const symbol of space.symbols) configuration.tristate(symbol);
    // The first one finds out who depends on whom.
    if (change > 0) runs.push(performance.now() - start);
  }
  return {
    what: 'one change, all values read again',
    unit: 'ms',
    ours: { name: 'library', runs },
    goal: { text: 'at most 2 ms in the median', met: median(runs) <= 2 },
  };
}

/** conf, built from the tree, and what both sides are run with. */
async function prepare({ directory, context }: Setup) {
  const tool = await compileTool('measure', directory);
  const { path: tree } = await prepareSource({ kind: 'line', line: '6.12' }, [], context);
  const build = join(directory, 'build');
  await mkdir(build);
  await run('make', ['-s', '-C', tree, `O=${build}`, 'ARCH=x86_64', 'allnoconfig']);
  const cache = join(directory, 'answers');
  const output = join(directory, 'config');
  const program = join(packageDirectory, 'dist/bench/kconfig-allnoconfig.js');
  const kconfig = Kconfig.load({ tree, arch: 'x86_64', cache });
  const { signal } = context;
  const command = `cd '${build}' && exec scripts/kconfig/conf -s --allnoconfig Kconfig`;
  return {
    kconfig,
    forget: () => rm(cache, { recursive: true, force: true }),
    ours: () => measure(tool, [process.execPath, program, tree, cache, output], { signal }),
    conf: () => measure(tool, ['sh', '-c', command], { signal, env: kconfig.environment }),
    /** @throws LupineError if the two sides did not do the same. */
    async compare() {
      const [own, reference] = await Promise.all([
        readFile(output, 'utf8'),
        readFile(join(build, '.config'), 'utf8'),
      ]);
      if (own !== reference) throw new LupineError('the configurations differ', { where: output });
    },
  };
}
