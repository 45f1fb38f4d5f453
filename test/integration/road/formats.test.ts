/** The four kinds of root file system boot the same image and show the same files. */

import { afterEach, beforeAll, expect, test } from 'vitest';
import { killAll, lupine } from '../../support/cli.js';
import { smallImage } from '../../support/images.js';
import { testKernel, testKernelFlags } from '../../support/kernel.js';
import { LAYER_TIME } from '../../support/layer.js';

let small: string;
beforeAll(async () => {
  small = (await smallImage()).reference;
  await testKernel();
});
afterEach(killAll);

const formats = ['ext2', 'squashfs', 'erofs', 'initramfs'] as const;

async function run(format: string, ...command: readonly string[]): Promise<string> {
  const flags = ['-q', ...testKernelFlags, '--format', format, '-u', '0', '--hostname', 'box'];
  const { status, stdout, stderr } = await lupine(['run', ...flags, small, ...command]);
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

test.each(formats)('%s: owners, modes, times and links as in the image', async (format) => {
  const own = ['mine', 'twin', 'program', 'name with ü', 'changed', 'relative', 'dangling', 'gone'];
  const paths = ['/data', '/data/open', ...own.map((name) => `/data/${name}`)];
  expect((await run(format, 'look', ...paths)).split('\n')).toEqual([
    '/data: directory 0755 101:102',
    '/data/open: directory 1777 0:0',
    `/data/mine: file 0640 101:102 size 5 links 2 time ${LAYER_TIME}`,
    `/data/twin: file 0640 101:102 size 5 links 2 time ${LAYER_TIME}`,
    `/data/program: file 4755 0:0 size 18 links 1 time ${LAYER_TIME}`,
    `/data/name with ü: file 0644 0:0 size 4 links 1 time ${LAYER_TIME}`,
    `/data/changed: file 0600 0:0 size 6 links 1 time ${LAYER_TIME}`,
    '/data/relative: link 0777 0:0 to mine',
    '/data/dangling: link 0777 0:0 to /no/such',
    '/data/gone: No such file or directory',
    '',
  ]);
});

test.each(formats)('%s: a root that can be written', async (format) => {
  expect(await run(format, 'keep', '/data/new')).toBe('/data/new: kept\n');
});

test('every format starts the application alike', async () => {
  const said = await Promise.all(formats.map((format) => run(format, 'hello', 'one', 'two')));
  expect(new Set(said).size).toBe(1);
});
