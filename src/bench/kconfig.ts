/**
 * What it takes to read the Kconfig files of linux-6.12 for x86_64 and to configure: the library against
 * the kernel's own conf on the same tree, with nothing remembered (cold), with the toolchain's answers
 * remembered (anew), and with what the files came to remembered too (conf remembers nothing). Then the
 * library alone: one decision changed, and every value read again; twenty options wanted at once; and
 * one option explained, as a command.
 */

import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { allNo, baseOf, Kconfig, want } from '../kconfig/index.js';
import type { ConfigSymbol } from '../kconfig/index.js';
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
const WISHES = 20;
const MEMORY_GOAL_MIB = 250e6 / 2 ** 20;

interface Runs {
  readonly cold: Cost[];
  readonly anew: Cost[];
  readonly remembered: Cost[];
  readonly conf: Cost[];
  readonly explain: Cost[];
}

export const kconfig: Experiment = {
  name: 'kconfig',
  description:
    'reading and configuring linux-6.12: the Kconfig library against `conf --allnoconfig`',
  async run(setup: Setup) {
    const sides = await prepare(setup);
    const runs: Runs = { cold: [], anew: [], remembered: [], conf: [], explain: [] };
    await sides.explain(); // fills Lupine's cache
    for (let count = 0; count < (setup.runs ?? RUNS); count++) {
      await sides.forgetAll();
      runs.cold.push(await sides.ours());
      await sides.forgetSpaces();
      runs.anew.push(await sides.ours());
      runs.conf.push(await sides.conf());
      runs.remembered.push(await sides.ours());
      runs.explain.push(await sides.explain());
    }
    await sides.compare();
    const { kconfig } = sides;
    return {
      findings: [...costs(runs), reevaluation(kconfig), wishes(kconfig), ...explained(runs)],
      notes: [
        'both sides wrote the same .config',
        `${CHANGES} changes of options drawn at random`,
        `${WISHES} times twenty options, drawn at random from those that allyesconfig turns on`,
      ],
    };
  },
};

function cpu(all: readonly Cost[]): number[] {
  return all.map(({ cpuMs }) => cpuMs);
}

function costs({ cold, anew, remembered, conf }: Runs): Finding[] {
  const reference = { name: 'conf --allnoconfig', runs: cpu(conf) };
  const peaks = [...cold, ...anew, ...remembered].map(({ peakProcessMiB }) => peakProcessMiB);
  return [
    {
      what: 'allnoconfig, cold: processor time',
      unit: 'ms',
      ours: { name: 'library', runs: cpu(cold) },
      reference,
    },
    {
      what: 'allnoconfig, files read anew: processor time',
      unit: 'ms',
      ours: { name: 'library', runs: cpu(anew) },
      reference,
      goal: {
        text: 'at most a quarter of conf',
        met: median(cpu(anew)) <= median(cpu(conf)) / 4,
      },
    },
    {
      what: 'allnoconfig, remembered: processor time',
      unit: 'ms',
      ours: { name: 'library', runs: cpu(remembered) },
      reference,
      goal: { text: 'at most 400 ms', met: median(cpu(remembered)) <= 400 },
    },
    {
      what: 'most memory',
      unit: 'MiB',
      ours: { name: 'library', runs: peaks },
      goal: { text: 'at most 250 MB', met: Math.max(...peaks) <= MEMORY_GOAL_MIB },
    },
  ];
}

function explained({ explain }: Runs): Finding[] {
  const wall = explain.map(({ wallMs }) => wallMs);
  const name = 'lupine kernel explain';
  return [
    {
      what: 'one option explained, as a command: wall clock',
      unit: 'ms',
      ours: { name, runs: wall },
      goal: { text: 'at most 500 ms', met: median(wall) <= 500 },
    },
    {
      what: 'one option explained, as a command: processor time',
      unit: 'ms',
      ours: { name, runs: cpu(explain) },
    },
  ];
}

/** The smallest change to allnoconfig that gives twenty options. */
function wishes(kconfig: Kconfig): Finding {
  const { space } = kconfig;
  const everything = kconfig.configuration();
  everything.read(kconfig.run('allyesconfig').written ?? '', '.config');
  const options = settable(kconfig).filter((symbol) => everything.tristate(symbol) === 2);
  const random = draws(options);
  const base = baseOf(allNo(space));
  const runs: number[] = [];
  for (let count = 0; count < WISHES; count++) {
    const wanted = Object.fromEntries(Array.from({ length: 20 }, () => [random().name, 'y']));
    const start = performance.now();
    want(base, wanted);
    runs.push(performance.now() - start);
  }
  return {
    what: 'twenty options wanted',
    unit: 'ms',
    ours: { name: 'library', runs },
    goal: { text: 'at most 1 s', met: median(runs) <= 1000 },
  };
}

/** Bools and tristates that have a prompt. */
function settable({ space }: Kconfig): ConfigSymbol[] {
  return space.symbols.filter(
    ({ type, prompts, isChoice }) =>
      !isChoice && prompts.length > 0 && (type === 'bool' || type === 'tristate'),
  );
}

/** Draws at random, the same in every run. */
function draws(options: readonly ConfigSymbol[]): () => ConfigSymbol {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    const option = options[state % options.length];
    if (option === undefined) throw new LupineError('there are no options');
    return option;
  };
}

/** Options decided on one after the other, each time with all values read afterwards. */
function reevaluation(kconfig: Kconfig): Finding {
  const { space } = kconfig;
  const configuration = kconfig.configuration();
  const random = draws(settable(kconfig));
  const runs: number[] = [];
  for (let change = 0; change <= CHANGES; change++) {
    const option = random();
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
  const lupine = [process.execPath, join(packageDirectory, 'dist/cli/main.js')];
  const question = ['kernel', 'explain', 'EPOLL', '--app', 'redis'];
  const command = `cd '${build}' && exec scripts/kconfig/conf -s --allnoconfig Kconfig`;
  return {
    kconfig,
    forgetAll: () => rm(cache, { recursive: true, force: true }),
    forgetSpaces: () => rm(join(cache, 'spaces'), { recursive: true, force: true }),
    explain: () => measure(tool, [...lupine, ...question], { signal }),
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
