/**
 * What `lupine kernel build` adds to the compiler: the same `.config` from the same sources, by
 * Lupine and by a bare `make`. No objects come from ccache on either side. Sources and `.config` are there
 * before the clock starts, and nothing else: both compile the configuration program that kbuild wants to have.
 */

import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { configureKernel } from '../kernel/index.js';
import { cacheDirectory } from '../support/paths.js';
import { kernelSpecs } from '../unikernel/index.js';
import { measure, type Cost } from './measure.js';
import { median } from './statistics.js';
import { compileTool, lupine } from './tools.js';
import type { Experiment, Setup } from './types.js';

const APP = 'redis';
const RUNS = 1;
const GOAL = 1.03;

/** No ccache on either side: what one left there would be the other's gain. */
const environment = { CCACHE_DISABLE: '1', MAKEFLAGS: '', LC_ALL: 'C' };

export const kernel: Experiment = {
  name: 'kernel',
  description: 'a kernel build: `lupine kernel build` against bare `make`, same .config, no ccache',
  slow: true,
  async run(setup: Setup) {
    const sides = await prepare(setup);
    const ours: Cost[] = [];
    const bare: Cost[] = [];
    const order: string[] = [];
    const build = async (side: 'ours' | 'bare') => {
      order.push(side === 'ours' ? 'lupine' : 'make');
      (side === 'ours' ? ours : bare).push(await sides[side]());
    };
    for (let run = 0; run < (setup.runs ?? RUNS); run++) {
      const [first, second] =
        run % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const);
      await build(first);
      await build(second);
    }
    return {
      findings: (['wallMs', 'cpuMs'] as const).map((key) => {
        const own = ours.map((cost) => cost[key] / 1000);
        const reference = bare.map((cost) => cost[key] / 1000);
        return {
          what: key === 'wallMs' ? 'wall clock' : 'processor time',
          unit: 's' as const,
          ours: { name: 'lupine kernel build', runs: own },
          reference: { name: 'make', runs: reference },
          goal: { text: 'within 3 %', met: median(own) <= GOAL * median(reference) },
        };
      }),
      notes: [`order: ${order.join(', ')}`],
    };
  },
};

/** Everything but the builds themselves. */
async function prepare({ directory, context }: Setup) {
  const tool = await compileTool('measure', directory);
  const [spec] = await kernelSpecs([APP], [], {});
  if (spec === undefined) throw new Error('no kernel to build');
  const { source, text } = await configureKernel(spec, context);
  const { signal } = context;
  const jobs = `-j${availableParallelism()}`;
  return {
    /** With a cache that holds nothing but the sources; configuring fills in the rest, uncounted. */
    async ours() {
      const cache = join(directory, 'cache');
      const env = { ...environment, LUPINE_CACHE: cache };
      await rm(cache, { recursive: true, force: true });
      await mkdir(join(cache, 'kernel'), { recursive: true });
      for (const store of ['kernel/sources', 'kernel/features', 'kernel/source-facts']) {
        await mkdir(join(cacheDirectory(), store), { recursive: true });
        await symlink(join(cacheDirectory(), store), join(cache, store));
      }
      const command = (verb: string) => [...lupine, 'kernel', verb, '--app', APP, '--quiet'];
      await measure(tool, command('config'), { env, signal });
      return measure(tool, command('build'), { env, signal });
    },
    async bare() {
      const output = join(directory, 'make');
      await rm(output, { recursive: true, force: true });
      await mkdir(output);
      const make = ['make', '-C', source.path, `O=${output}`, 'ARCH=x86_64', jobs];
      await writeFile(join(output, '.config'), text);
      return measure(tool, [...make, 'vmlinux', 'bzImage'], { env: environment, signal });
    },
  };
}
