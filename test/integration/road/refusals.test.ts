/**
 * What cannot be done ends with one line, a status and nothing left behind; so does what is killed,
 * and two who build the same at once.
 */

import { createServer, type AddressInfo, type Server } from 'node:net';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cacheDirectory } from '../../../src/support/paths.js';
import { freePort, killAll, leftovers, Lupine } from '../../support/cli.js';
import { nginxImage, smallImage } from '../../support/images.js';
import { testKernel, testKernelFlags } from '../../support/kernel.js';
import { copyImage } from '../../support/oci.js';
import { startRegistry, type RegistryServer } from '../../support/registry-server.js';

let scratch: string;
let cache: string;
let registry: RegistryServer;
let taken: Server;
let small: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lupine-refusals-'));
  registry = await startRegistry(join(scratch, 'registry'), { login: false });
  taken = createServer();
  await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
  small = (await smallImage()).reference;
  await testKernel();
  cache = await newCache('cache');
});
afterEach(killAll);
afterAll(async () => {
  taken.close();
  await registry.stop();
  await rm(scratch, { recursive: true });
});

/** A cache of its own for everything but kernels. */
async function newCache(name: string): Promise<string> {
  const path = join(scratch, name);
  await mkdir(path);
  await mkdir(join(cacheDirectory(), 'kernel'), { recursive: true });
  await symlink(join(cacheDirectory(), 'kernel'), join(path, 'kernel'));
  return path;
}

/** What processes left in a cache; the kernels are shared with whoever else builds now. */
async function temporaries(path: string): Promise<string[]> {
  const stores = (await readdir(path)).filter((name) => name !== 'kernel');
  const below = await Promise.all(
    stores.map((name) => readdir(join(path, name), { recursive: true })),
  );
  return below.flat().filter((name) => name.includes('.tmp-'));
}

async function refused(args: readonly string[], status: number): Promise<string> {
  const child = new Lupine(args, { env: { LUPINE_CACHE: cache } });
  const result = await child.ended;
  expect(result.stdout).toBe('');
  expect(result.stderr).toMatch(/^lupine: [^\n]*\n$/);
  expect(result.status).toBe(status);
  expect(leftovers(child.pid)).toEqual([]);
  expect(await temporaries(cache)).toEqual([]);
  return result.stderr;
}

const takenPort = () => (taken.address() as AddressInfo).port;

type Case = [string, () => string[] | Promise<string[]>, RegExp];

const cases: Case[] = [
  ['an unknown image', () => [`${registry.host}/team/none:1`], /none/],
  ['a registry that is down', async () => [`127.0.0.1:${await freePort()}/a/b:1`], /127\.0\.0\.1:/],
  ['a layout that is not there', () => ['oci:/no/such/layout'], /\/no\/such\/layout/],
  ['a tag that is not there', () => [`${small.replace(/:1$/, '')}:2`], /2/],
  ['an archive that is none', () => [`oci-archive:${process.execPath}`], /node/],
  ['a program that is not there', () => ['/no/such/program'], /\/no\/such\/program/],
  ['a transport of others', () => ['docker-daemon:nginx:latest'], /docker save/],
  ['an unknown application', () => ['--app', 'rediss', small], /did you mean redis/],
  ['an unknown option', () => ['--with', 'EPOL', small], /EPOLL/],
  ['an unknown feature', () => ['--feature', 'nett', small], /nett.*net/],
  ['an unknown profile', () => ['--profile', 'lupin', small], /lupine-general/],
  ['an unknown format', () => ['--format', 'ext9', small], /ext2/],
  ['an unknown kernel', () => ['--kernel', 'six', small], /six/],
  ['a port in use', () => ['-p', `${takenPort()}:80`, small], /in use|already/],
  ['an unknown variant', () => ['--variant', 'big', small], /tiny/],
  ['an environment file that is not there', () => ['--env-file', '/no/such', small], /\/no\/such/],
];

test.each(cases)('%s', async (_what, args, said) => {
  const flags = ['run', '-q', ...testKernelFlags];
  expect(await refused([...flags, ...(await args())], 125)).toMatch(said);
});

test('a program of this machine that is none', async () => {
  expect(await refused(['run', '-q', ...testKernelFlags, '/etc/passwd'], 126)).toMatch(/passwd/);
});

test('an image of another architecture', async () => {
  const image = await smallImage({ architecture: 'arm64' });
  await copyImage(image, `docker://${registry.host}/team/arm:1`);
  for (const reference of [image.reference, `${registry.host}/team/arm:1`]) {
    expect(await refused(['run', '-q', ...testKernelFlags, reference], 125)).toMatch(/arm64/);
  }
});

test('a layer cut short', async () => {
  const layout = join(scratch, 'damaged');
  await copyImage(await smallImage(), `oci:${layout}:1`);
  const blobs = join(layout, 'blobs/sha256');
  for (const name of await readdir(blobs)) {
    // The layers are the only ones of this size.
    const path = join(blobs, name);
    if ((await stat(path)).size > 20_000) await truncate(path, 20_000);
  }
  const said = await refused(['run', '-q', ...testKernelFlags, `oci:${layout}:1`], 125);
  expect(said).toMatch(/sha256:/);
});

test('commands other than run fail with status 1', async () => {
  expect(await refused(['build', '-q', 'oci:/no/such', '-o', join(scratch, 'x')], 1)).toMatch(
    /such/,
  );
  expect(await refused(['image', 'inspect', 'oci:/no/such'], 1)).toMatch(/such/);
  const file = join(scratch, 'x.config');
  await writeFile(file, 'CONFIG_NO_SUCH_OPTION=y\n');
  const build = ['kernel', 'build', '-q', '--profile', 'lupine-base', '--config', file];
  expect(await refused(build, 1)).toMatch(/NO_SUCH_OPTION/);
});

describe('building', () => {
  const build = (reference: string, path: string) =>
    new Lupine(['build', ...testKernelFlags, '--json', reference], { env: { LUPINE_CACHE: path } });

  test('the same twice at once gives one of everything', async () => {
    const own = await newCache('twice');
    const { reference } = await nginxImage();
    const builds = [1, 2].map(() => build(reference, own));
    const results = await Promise.all(builds.map(({ ended }) => ended));
    expect(results.map(({ status }) => status)).toEqual([0, 0]);
    expect(results[0]?.stdout).toBe(results[1]?.stdout);
    expect(await temporaries(own)).toEqual([]);
  });

  test('what is killed leaves nothing that the next does not tidy up', async () => {
    const own = await newCache('killed');
    const { reference } = await nginxImage();
    for (const milliseconds of [200, 400, 800]) {
      const killed = build(reference, own);
      await new Promise((done) => setTimeout(done, milliseconds));
      killed.signal('SIGKILL');
      await killed.ended;
    }
    expect((await build(reference, own).ended).status).toBe(0);
    expect(await temporaries(own)).toEqual([]);
  });

  test('what is interrupted leaves nothing at all', async () => {
    const own = await newCache('interrupted');
    const { reference } = await nginxImage();
    const interrupted = build(reference, own);
    await new Promise((done) => setTimeout(done, 400));
    interrupted.signal('SIGINT');
    const { status } = await interrupted.ended;
    expect([0, 130]).toContain(status);
    expect(await temporaries(own)).toEqual([]);
  });
});
