/** Bundles: built once, carried elsewhere, started there without a cache. */

import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { killAll, lupine, type Result } from '../../support/cli.js';
import { smallImage } from '../../support/images.js';
import { testKernel, testKernelFlags } from '../../support/kernel.js';

let scratch: string;
let bundle: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lupine-bundle-'));
  const { reference } = await smallImage();
  await testKernel();
  const out = join(scratch, 'out');
  const built = await lupine(['build', '-q', ...testKernelFlags, reference, '-o', `${out}/`]);
  expect([built.status, built.stderr]).toEqual([0, '']);
  await mkdir(join(scratch, 'else where'));
  bundle = join(scratch, 'else where', 'moved');
  await rename(out, bundle);
});
afterEach(killAll);
afterAll(() => rm(scratch, { recursive: true }));

/** Runs a bundle with a cache that has nothing. */
async function run(path: string, ...command: readonly string[]): Promise<Result> {
  const cache = join(scratch, 'no-cache');
  const result = await lupine(['run', '-q', path, ...command], { env: { LUPINE_CACHE: cache } });
  expect(await readdir(cache).catch(() => [])).toEqual([]);
  return result;
}

test('a bundle that was moved runs without a cache', async () => {
  expect(await run(bundle, 'exit', '7')).toMatchObject({ status: 7, stderr: '' });
  const { stdout } = await run(bundle);
  expect(stdout).toContain('argument: from the image\n');
});

test('a bundle is not written over', async () => {
  const { reference } = await smallImage();
  const before = await readFile(join(bundle, 'unikernel.json'), 'utf8');
  const { status, stderr } = await lupine([
    'build',
    '-q',
    ...testKernelFlags,
    reference,
    '-o',
    bundle,
  ]);
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^lupine: .*not empty.*\n$/)]);
  expect(await readFile(join(bundle, 'unikernel.json'), 'utf8')).toBe(before);
});

const damages: [string, (path: string) => Promise<void>, RegExp][] = [
  [
    'a description cut short',
    (path) => truncate(join(path, 'unikernel.json'), 100),
    /unikernel\.json/,
  ],
  [
    'a description of something else',
    (path) => writeFile(join(path, 'unikernel.json'), '{}'),
    /unikernel\.json/,
  ],
  ['no kernel', (path) => rm(join(path, 'vmlinux')), /vmlinux/],
  ['a kernel cut short', (path) => truncate(join(path, 'vmlinux'), 100_000), /vmlinux/],
  [
    'a root file system cut short',
    (path) => truncate(join(path, 'rootfs.img'), 4096),
    /rootfs\.img/,
  ],
  ['no init', (path) => rm(join(path, 'init')), /init/],
];

test.each(damages)('a bundle with %s is refused', async (what, damage, where) => {
  const path = join(scratch, what.replaceAll(' ', '-'));
  await cp(bundle, path, { recursive: true });
  await damage(path);
  const { status, stdout, stderr } = await run(path);
  expect([status, stdout]).toEqual([125, '']);
  expect(stderr).toMatch(/^lupine: .*\n$/);
  expect(stderr).toMatch(where);
});
