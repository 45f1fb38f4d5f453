/** One image from every kind of source: the same unikernel each time. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { killAll, lupine } from '../../support/cli.js';
import { smallImage } from '../../support/images.js';
import { testKernel, testKernelFlags } from '../../support/kernel.js';
import { copyImage, unpackImage, type OciImage } from '../../support/oci.js';
import { startRegistry, type RegistryServer } from '../../support/registry-server.js';

let scratch: string;
let registry: RegistryServer;
let image: OciImage;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lupine-sources-'));
  registry = await startRegistry(join(scratch, 'registry'), { login: false });
  image = await smallImage();
  await testKernel();
});
afterEach(killAll);
afterAll(async () => {
  await registry.stop();
  await rm(scratch, { recursive: true });
});

const FILES =
  '/data/mine /data/twin /data/changed /data/relative /data/dangling /data/gone /data/old';

/** What the guest finds, whoever owns it: a directory of this machine has other owners and times. */
async function found(reference: string, ...flags: readonly string[]): Promise<string> {
  const quiet = ['run', '-q', ...testKernelFlags, '--hostname', 'box', ...flags];
  const { stdout, stderr, status } = await lupine([
    ...quiet,
    reference,
    'look',
    ...FILES.split(' '),
  ]);
  expect([status, stderr]).toEqual([0, '']);
  return stdout.replace(/ \d+:\d+/g, '').replace(/ time \d+/g, '');
}

const sources: [string, () => Promise<string>][] = [
  [
    'a registry',
    async () => {
      await copyImage(image, `docker://${registry.host}/team/small:1`);
      return `${registry.host}/team/small:1`;
    },
  ],
  [
    'an OCI archive',
    async () => {
      const path = join(scratch, 'oci.tar');
      await copyImage(image, `oci-archive:${path}:small:1`);
      return `oci-archive:${path}`;
    },
  ],
  [
    'a docker archive',
    async () => {
      const path = join(scratch, 'docker.tar');
      await copyImage(image, `docker-archive:${path}:team/small:1`);
      return `docker-archive:${path}:team/small:1`;
    },
  ],
];

test('an OCI layout gives what its layers say', async () => {
  expect(await found(image.reference)).toBe(
    [
      '/data/mine: file 0640 size 5 links 2',
      '/data/twin: file 0640 size 5 links 2',
      '/data/changed: file 0600 size 6 links 1',
      '/data/relative: link 0777 to mine',
      '/data/dangling: link 0777 to /no/such',
      '/data/gone: No such file or directory',
      '/data/old: No such file or directory',
      '',
    ].join('\n'),
  );
});

test.each(sources)('%s gives the same', async (_what, make) => {
  const reference = await make();
  expect(await found(reference)).toBe(await found(image.reference));
  const greeting = (from: string) =>
    lupine(['run', '-q', ...testKernelFlags, '--hostname', 'box', from]);
  expect(await greeting(reference)).toEqual(await greeting(image.reference));
});

test('a directory gives the same, without what an image says', async () => {
  const root = join(scratch, 'root');
  await unpackImage(image, root);
  const said = await found(`dir:${root}`, '--entrypoint', '/bin/probe');
  expect(said).toBe(await found(image.reference));
});
