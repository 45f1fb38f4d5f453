/**
 * Images through the tools of others: umoci makes them, skopeo copies them into a real registry and
 * into archives, and what we read back must be what was put in, from wherever it is read.
 */

import { execFile } from 'node:child_process';
import { chmod, link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FileTree, type Image, openImage } from '../../../src/image/index.js';
import { silentProgress } from '../../../src/support/progress.js';
import { type RegistryServer, startRegistry } from '../../support/registry-server.js';

const exec = promisify(execFile);
const context = { progress: silentProgress };
const open = (reference: string) => openImage(reference, {}, context);

let scratch: string;
let layout: string;
let plain: RegistryServer;
let locked: RegistryServer;
const servers: RegistryServer[] = [];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lupine-registry-'));
  layout = join(scratch, 'layout');
  vi.stubEnv('LUPINE_CACHE', join(scratch, 'cache'));
  vi.stubEnv('HOME', scratch);
  vi.stubEnv('REGISTRY_AUTH_FILE', join(scratch, 'auth.json'));
  await makeLayout();
  plain = await startRegistry(join(scratch, 'plain'), { login: false });
  servers.push(plain);
  locked = await startRegistry(join(scratch, 'locked'), { login: true });
  servers.push(locked);
  await skopeo(`oci:${layout}:app`, `docker://${plain.host}/team/app:1`);
  const login = ['--dest-creds', 'user:geheim'];
  await skopeo(`oci:${layout}:app`, `docker://${locked.host}/team/app:1`, ...login);
}, 120_000);

afterAll(async () => {
  for (const server of servers) await server.stop();
  vi.unstubAllEnvs();
  await rm(scratch, { recursive: true, force: true });
});

async function skopeo(from: string, to: string, ...flags: string[]): Promise<void> {
  const tls = to.startsWith('docker:') ? ['--dest-tls-verify=false'] : [];
  const policy = ['--insecure-policy', 'copy', '--quiet'];
  await exec('skopeo', [...policy, ...tls, ...flags, from, to]);
}

/** Two layers of files of all ordinary kinds, and a third that takes some away. */
async function makeLayout(): Promise<void> {
  const base = join(scratch, 'base');
  await mkdir(join(base, 'etc'), { recursive: true });
  await mkdir(join(base, 'data/old'), { recursive: true });
  await writeFile(join(base, 'etc/motd'), 'welcome\n');
  await writeFile(join(base, 'etc/shadow'), 'secret', { mode: 0o600 });
  await writeFile(join(base, 'data/old/gone'), 'x'.repeat(10_000));
  await writeFile(join(base, 'data/big'), Buffer.alloc(3_000_000, 'big data '));
  await symlink('motd', join(base, 'etc/link'));
  await link(join(base, 'etc/motd'), join(base, 'etc/hard'));
  await chmod(join(base, 'data'), 0o1777);
  const app = join(scratch, 'app');
  await writeFile(app, '#!/bin/true\n', { mode: 0o755 });
  const umoci = (...args: string[]) => exec('umoci', args);
  await umoci('init', '--layout', layout);
  await umoci('new', '--image', `${layout}:app`);
  await umoci('insert', '--image', `${layout}:app`, base, '/');
  await umoci('insert', '--image', `${layout}:app`, app, '/usr/bin/app');
  await umoci('insert', '--image', `${layout}:app`, '--whiteout', '/data/old');
  const settings = ['--config.cmd', '/usr/bin/app', '--config.env', 'A=b', '--config.user', '7:8'];
  await umoci('config', '--image', `${layout}:app`, ...settings);
}

function listing(tree: FileTree): string[] {
  return [...tree.entries()]
    .filter(({ path }) => path !== '')
    .map(({ path, type, mode, size, target, linkOf }) =>
      [path, type, mode.toString(8), size, target ?? linkOf ?? ''].join(' ').trim(),
    );
}

const EXPECTED = [
  'data directory 1777 0',
  'data/big file 644 3000000',
  'etc directory 755 0',
  'etc/hard file 644 8',
  'etc/link symlink 777 0 motd',
  'etc/motd file 644 8 etc/hard',
  'etc/shadow file 600 6',
  'usr directory 755 0',
  'usr/bin directory 755 0',
  'usr/bin/app file 755 12',
];

async function expectApp(image: Image): Promise<void> {
  expect(listing(image.tree)).toEqual(EXPECTED);
  expect((await image.tree.readFile('etc/link')).toString()).toBe('welcome\n');
  expect((await image.tree.readFile('data/big')).length).toBe(3_000_000);
  expect(image.config).toMatchObject({ cmd: ['/usr/bin/app'], env: ['A=b'], user: '7:8' });
  expect(image.architecture).toBe('amd64');
  expect(image.layers).toHaveLength(3);
}

describe('a real registry', () => {
  it('gives what was put in', async () => {
    const image = await open(`${plain.host}/team/app:1`);
    await expectApp(image);
    const local = await open(`oci:${layout}:app`);
    expect(image.digest).toBe(local.digest);
    expect(image.tree.digest).toBe(local.tree.digest);
    expect((await open(`${plain.host}/team/app@${image.digest}`)).digest).toBe(image.digest);
  });

  it('gives it from docker manifests and with zstd layers too', async () => {
    const expected = (await open(`oci:${layout}:app`)).tree.digest;
    // Through a directory: skopeo compresses again only what is not compressed.
    const plainLayers = `dir:${scratch}/plain-layers`;
    await skopeo(`oci:${layout}:app`, plainLayers, '--dest-decompress');
    const docker = `${plain.host}/team/docker:1`;
    await skopeo(plainLayers, `docker://${docker}`, '--format', 'v2s2');
    const zstd = `${plain.host}/team/zstd:1`;
    const zstdLayout = `oci:${scratch}/zstd:app`;
    await skopeo(plainLayers, zstdLayout, '--dest-compress', '--dest-compress-format', 'zstd');
    // Else skopeo takes the gzip layers that it knows this registry to have.
    await skopeo(zstdLayout, `docker://${zstd}`, '--preserve-digests');
    for (const [reference, type] of [
      [docker, 'docker.image.rootfs.diff.tar.gzip'],
      [zstd, 'tar+zstd'],
    ] as const) {
      vi.stubEnv('LUPINE_CACHE', join(scratch, `cache-${type}`));
      const image = await open(reference);
      for (const { mediaType } of image.layers) expect(mediaType).toContain(type);
      expect(image.tree.digest).toBe(expected);
      await expectApp(image);
    }
    vi.stubEnv('LUPINE_CACHE', join(scratch, 'cache'));
  });

  it('lets in who has logged in, and tells others how to', async () => {
    const reference = `${locked.host}/team/app:1`;
    await expect(open(reference)).rejects.toMatchObject({
      message: 'access denied, or no such image',
      fix: expect.stringContaining(`skopeo login ${locked.host}`) as string,
    });
    const login = ['login', '--tls-verify=false', '-u', 'user', '-p', 'geheim', locked.host];
    await exec('skopeo', login);
    await expectApp(await open(reference));
  });

  it('says what is missing', async () => {
    await expect(open(`${plain.host}/team/app:none`)).rejects.toThrow('no such image');
    await expect(open(`${plain.host}/nobody/none`)).rejects.toThrow('no such image');
  });
});

describe('archives that skopeo writes', () => {
  it('equal the registry', async () => {
    const from = `docker://${plain.host}/team/app:1`;
    const expected = await open(`${plain.host}/team/app:1`);
    const oci = join(scratch, 'oci.tar');
    const docker = join(scratch, 'docker.tar');
    await skopeo(from, `oci-archive:${oci}:app`, '--src-tls-verify=false');
    await skopeo(from, `docker-archive:${docker}:team/app:1`, '--src-tls-verify=false');
    for (const reference of [
      `oci-archive:${oci}`,
      `oci-archive:${oci}:app`,
      `docker-archive:${docker}`,
      `docker-archive:${docker}:team/app:1`,
    ]) {
      const image = await open(reference);
      await expectApp(image);
      expect(image.tree.digest).toBe(expected.tree.digest);
    }
  });
});
