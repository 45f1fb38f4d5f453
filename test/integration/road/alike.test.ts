/** One image on the three kinds of kernel: the same output and the same exit status. */

import { afterEach, beforeAll, expect, test } from 'vitest';
import { killAll, lupine, type Result } from '../../support/cli.js';
import { fullTest } from '../../support/full.js';
import { smallImage } from '../../support/images.js';
import { generalKernel, redisKernel } from '../../support/kernel.js';

let small: string;
beforeAll(async () => {
  await redisKernel();
  await generalKernel();
  small = (await smallImage()).reference;
});
afterEach(killAll);

/** The kernel of redis has all that a static program asks for. */
const kernels = {
  lupine: ['--profile', 'lupine', '--app', 'redis'],
  'lupine-general': ['--profile', 'lupine-general'],
  microvm: ['--profile', 'microvm'],
};

const runs: [string, string[], string[]][] = [
  ['who and where it is', [], ['hello', 'one', 'two']],
  ['another user elsewhere', ['-u', '33:33', '-w', '/mnt', '-e', 'A=b'], ['hello']],
  [
    'files',
    [],
    ['look', '/data', '/data/mine', '/data/gone', '/dev/null', '/tmp', '/proc', '/etc'],
  ],
  ['a file it makes', [], ['keep', '/data/new']],
  ['both streams', [], ['both']],
  ['an exit status', [], ['exit', '7']],
  ['a signal', [], ['die', '11']],
  ['a program that is not there', ['--entrypoint', '/none'], []],
  ['stdin', ['-i'], ['copy']],
];

/** Runs everything on one kernel. */
async function transcript(kernel: readonly string[]): Promise<Record<string, Result>> {
  const results: Record<string, Result> = {};
  for (const [what, flags, command] of runs) {
    const args = ['run', '-q', ...kernel, '--hostname', 'box', ...flags, small, ...command];
    results[what] = await lupine(args, { input: 'through the guest\n' });
  }
  return results;
}

let expected: Record<string, Result>;

test('lupine runs all of it', async () => {
  expected = await transcript(kernels.lupine);
  expect(Object.values(expected).map(({ status }) => status)).toEqual([
    0, 0, 0, 0, 0, 7, 139, 127, 0,
  ]);
});

test('lupine-general behaves as lupine', async () => {
  expect(await transcript(kernels['lupine-general'])).toEqual(expected);
});

fullTest('microvm behaves as lupine', async () => {
  expect(await transcript(kernels.microvm)).toEqual(expected);
});
