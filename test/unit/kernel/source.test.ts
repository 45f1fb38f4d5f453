import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { prepareSource } from '../../../src/kernel/source.js';
import type { SourceOptions } from '../../../src/kernel/source.js';
import { webKeyUrls } from '../../../src/kernel/signature.js';
import type { Signer } from '../../../src/kernel/signature.js';
import { newestOf, parseChecksums } from '../../../src/kernel/upstream.js';
import { LupineError } from '../../../src/support/errors.js';
import { silentProgress } from '../../../src/support/progress.js';

const context = { progress: silentProgress };
const makefile = 'VERSION = 9\nPATCHLEVEL = 8\nSUBLEVEL = 7\nEXTRAVERSION =\n';
const patch = '--- a/Kbuild\n+++ b/Kbuild\n@@ -1,1 +1,2 @@\n obj-y += a/\n+obj-y += b/\n';

let root: string;
let server: Server;
let signer: Signer;
let files: Map<string, Buffer>;
/** Requests as `path range`, and what to do with the next one. */
let requests: string[];
let handle: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;

const gpg = (...args: string[]) =>
  execFileSync(
    'gpg',
    ['--homedir', join(root, 'gnupg'), '--batch', '--yes', '--quiet', '--passphrase', '', ...args],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );

function sign(...args: string[]): Buffer {
  return gpg('--local-user', signer.email, '--output', '-', ...args);
}

function makeKey(email: string): Signer {
  gpg('--quick-generate-key', email, 'ed25519', 'sign', 'never');
  const listing = gpg('--with-colons', '--list-keys', email).toString();
  return { name: email, email, fingerprint: /^fpr:+([0-9A-F]{40}):/m.exec(listing)?.[1] ?? '' };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lupine-source-'));
  await mkdir(join(root, 'gnupg'), { mode: 0o700 });
  signer = makeKey('signer@test.invalid');
  await writeFile(join(root, 'keys.gpg'), gpg('--export'));
  const tree = join(root, 'linux-9.8.7');
  await mkdir(tree);
  await writeFile(join(tree, 'Makefile'), makefile);
  await writeFile(join(tree, 'Kbuild'), 'obj-y += a/\n');
  // Incompressible, so that the tarball has a middle.
  await writeFile(
    join(tree, 'blob'),
    createHash('shake256', { outputLength: 300_000 }).update('x').digest(),
  );
  execFileSync('tar', ['-C', root, '-cf', join(root, 'linux.tar'), 'linux-9.8.7']);
  execFileSync('xz', ['-k', join(root, 'linux.tar')]);
  await mkdir(join(root, 'linux', '9.8', 'lupine'), { recursive: true });
  await writeFile(join(root, 'linux', '9.8', 'lupine', '0001-b.patch'), patch);
  server = createServer((request, response) => {
    requests.push(`${request.url ?? ''} ${request.headers.range ?? ''}`.trim());
    if (handle?.(request, response) === true) return;
    const body = files.get(request.url ?? '');
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length - from });
    response.end(body.subarray(from));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});

afterAll(async () => {
  server.close();
  execFileSync('gpgconf', ['--homedir', join(root, 'gnupg'), '--kill', 'all']);
  await rm(root, { recursive: true });
});

let run = 0;
beforeEach(async () => {
  process.env['LUPINE_CACHE'] = join(root, `cache-${(run += 1)}`);
  requests = [];
  handle = undefined;
  const tarball = await readFile(join(root, 'linux.tar.xz'));
  const sums = `${createHash('sha256').update(tarball).digest('hex')}  linux-9.8.7.tar.xz\n${'0'.repeat(64)}  linux-9.8.6.tar.xz\n`;
  await writeFile(join(root, 'sums'), sums);
  files = new Map([
    ['/v9.x/linux-9.8.7.tar.xz', tarball],
    ['/v9.x/linux-9.8.7.tar.sign', sign('--armor', '--detach-sign', join(root, 'linux.tar'))],
    ['/v9.x/sha256sums.asc', sign('--clearsign', join(root, 'sums'))],
  ]);
});

function options(more: SourceOptions = {}): SourceOptions {
  return {
    packagesDirectory: join(root, 'none'),
    linuxDirectory: join(root, 'linux'),
    upstream: {
      mirror: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      keyring: join(root, 'keys.gpg'),
      releaseSigners: [signer],
      checksumSigners: [signer],
    },
    ...more,
  };
}

const newest = (series: string[] = [], more: SourceOptions = {}) =>
  prepareSource({ kind: 'line', line: '9.8' }, series, context, options(more));

async function failure(promise: Promise<unknown>): Promise<LupineError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LupineError);
  return error as LupineError;
}

async function leftovers(): Promise<string[]> {
  const cache = process.env['LUPINE_CACHE'] ?? '';
  const found = await readdir(join(cache, 'kernel'), { recursive: true });
  return found.filter((name) => /tar|\.tmp-|\.asc|Makefile/.test(name) && !name.endsWith('.lock'));
}

/** Waits until a download has reached the disk. */
async function untilSize(name: string, size: number): Promise<void> {
  const path = join(process.env['LUPINE_CACHE'] ?? '', 'kernel', 'downloads', name);
  for (;;) {
    const now = await stat(path).catch(() => undefined);
    if (now?.size === size) return;
    await sleep(10);
  }
}

describe('an upstream release', () => {
  it('is the newest of its line, verified, unpacked and read-only', async () => {
    const tree = await newest();
    expect(tree).toMatchObject({ version: '9.8.7', line: '9.8' });
    expect(await readFile(join(tree.path, 'Makefile'), 'utf8')).toBe(makefile);
    expect((await stat(join(tree.path, 'Makefile'))).mode & 0o222).toBe(0);
    expect(await readdir(join(process.env['LUPINE_CACHE'] ?? '', 'kernel', 'downloads'))).toEqual([
      'linux-9.8.7.tar.xz.lock',
    ]);
  });

  it('is not asked for again once it is here', async () => {
    const first = await prepareSource(
      { kind: 'version', version: '9.8.7' },
      [],
      context,
      options(),
    );
    requests = [];
    expect(
      await prepareSource({ kind: 'version', version: '9.8.7' }, [], context, options()),
    ).toEqual(first);
    expect(requests).toEqual([]);
  });

  it('is resumed where the connection broke', async () => {
    handle = (request, response) => {
      if (request.url !== '/v9.x/linux-9.8.7.tar.xz') return false;
      handle = undefined;
      const body = files.get(request.url) ?? Buffer.alloc(0);
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.subarray(0, 100_000));
      void untilSize('linux-9.8.7.tar.xz', 100_000).then(() => response.destroy());
      return true;
    };
    await newest();
    const ranges = requests.filter((request) =>
      request.startsWith('/v9.x/linux-9.8.7.tar.xz bytes='),
    );
    expect(ranges).toEqual(['/v9.x/linux-9.8.7.tar.xz bytes=100000-']);
  });

  it('with a wrong checksum is refused and not kept', async () => {
    const tarball = Buffer.from(files.get('/v9.x/linux-9.8.7.tar.xz') ?? '');
    tarball[tarball.length - 200_000] = (tarball.at(-200_000) ?? 0) ^ 1;
    files.set('/v9.x/linux-9.8.7.tar.xz', tarball);
    expect((await failure(newest())).line).toContain('wrong checksum');
    expect(await leftovers()).toEqual([]);
  });

  it('signed by somebody else is refused', async () => {
    const upstream = options().upstream;
    const stranger = { ...signer, fingerprint: 'F'.repeat(40) };
    if (upstream === undefined) throw new Error('no upstream');
    const error = await failure(
      newest([], { upstream: { ...upstream, releaseSigners: [stranger] } }),
    );
    expect(error.line).toContain(`linux-9.8.7.tar.sign (signed by ${signer.fingerprint})`);
    expect(await leftovers()).toEqual([]);
  });

  it('changed after it was signed is refused, although the list has its checksum', async () => {
    files.set('/v9.x/linux-9.8.7.tar.sign', sign('--armor', '--detach-sign', join(root, 'sums')));
    expect((await failure(newest())).line).toContain('changed after it was signed');
  });

  it('is not believed by an unsigned or changed list', async () => {
    files.set('/v9.x/sha256sums.asc', await readFile(join(root, 'sums')));
    expect((await failure(newest())).line).toContain('signature is not good');
    const signed = sign('--clearsign', join(root, 'sums')).toString();
    files.set('/v9.x/sha256sums.asc', Buffer.from(signed.replace('9.8.6', '9.8.9')));
    expect((await failure(newest())).line).toContain('changed after it was signed');
  });

  it('that does not exist, and a line without package or network, are told with what to do', async () => {
    const version = prepareSource({ kind: 'version', version: '9.8.99' }, [], context, options());
    expect((await failure(version)).line).toContain('kernel.org has no Linux 9.8.99');
    files.clear();
    const { fix } = await failure(newest());
    expect(fix).toContain('apt-get install linux-source-9.8');
    expect(fix).toContain('LUPINE_KERNEL_MIRROR');
  });
});

describe('a distribution package', () => {
  it('is preferred to the network', async () => {
    const packagesDirectory = join(root, 'packages');
    await mkdir(packagesDirectory, { recursive: true });
    await writeFile(
      join(packagesDirectory, 'linux-source-9.8.tar.xz'),
      await readFile(join(root, 'linux.tar.xz')),
    );
    expect((await newest([], { packagesDirectory })).origin).toBe(
      join(packagesDirectory, 'linux-source-9.8.tar.xz'),
    );
    expect(requests).toEqual([]);
  });
});

describe('patches', () => {
  it('make another tree and leave the pristine one as it is', async () => {
    const pristine = await newest();
    const patched = await newest(['lupine']);
    expect(patched.key).not.toBe(pristine.key);
    expect(await readFile(join(patched.path, 'Kbuild'), 'utf8')).toBe('obj-y += a/\nobj-y += b/\n');
    expect(await readFile(join(pristine.path, 'Kbuild'), 'utf8')).toBe('obj-y += a/\n');
    expect((await stat(join(patched.path, 'Kbuild'))).mode & 0o222).toBe(0);
  });

  it('that do not fit are named, and leave nothing', async () => {
    const series = join(root, 'own');
    await mkdir(series, { recursive: true });
    await writeFile(join(series, '0001-bad.patch'), patch.replace('obj-y += a/', 'obj-y += z/'));
    const { line } = await failure(newest([series]));
    expect(line).toContain('0001-bad.patch: Kbuild: ');
    expect(line).toContain('FAILED');
    expect((await leftovers()).filter((name) => name.includes('.tmp-'))).toEqual([]);
  });

  it('of an unknown series are an error', async () => {
    expect((await failure(newest(['nothing']))).line).toContain(
      'no patch series nothing for Linux 9.8',
    );
  });
});

describe('a local tree', () => {
  async function localTree(): Promise<string> {
    const path = await mkdtemp(join(root, 'tree-'));
    await writeFile(join(path, 'Makefile'), makefile);
    await writeFile(join(path, 'Kbuild'), 'obj-y += a/\n');
    return path;
  }
  const prepare = (path: string, series: string[]) =>
    prepareSource({ kind: 'tree', path }, series, context, options());

  it('is used in place without patches, and copied for them', async () => {
    const path = await localTree();
    expect((await prepare(path, [])).path).toBe(path);
    const patched = await prepare(path, ['lupine']);
    expect(await readFile(join(patched.path, 'Kbuild'), 'utf8')).toContain('b/');
    expect(await readFile(join(path, 'Kbuild'), 'utf8')).toBe('obj-y += a/\n');
    expect((await stat(join(path, 'Makefile'))).mode & 0o200).toBe(0o200);
  });

  it('has another key once a file changes', async () => {
    const path = await localTree();
    const before = await prepare(path, []);
    await writeFile(join(path, 'Kbuild'), 'obj-y += c/\n');
    expect((await prepare(path, [])).key).not.toBe(before.key);
    await chmod(join(path, 'Kbuild'), 0o755);
    expect((await prepare(path, [])).key).not.toBe(before.key);
  });

  it('in which somebody built is refused', async () => {
    const path = await localTree();
    await writeFile(join(path, '.config'), '');
    expect((await failure(prepare(path, []))).fix).toContain('mrproper');
  });

  it('that is none is refused', async () => {
    expect((await failure(prepare(root, []))).message).toBe('not a Linux source tree');
  });
});

describe('names', () => {
  it('must be those of a line or a version', async () => {
    const line = prepareSource({ kind: 'line', line: '../etc' }, [], context, options());
    expect((await failure(line)).fix).toBe('write it like 6.12');
    const version = prepareSource({ kind: 'version', version: '6' }, [], context, options());
    expect((await failure(version)).fix).toBe('write it like 6.12.30');
  });

  it('of releases are compared as numbers', () => {
    const sums = ['6.12', '6.12.9', '6.12.30', '6.1.99', '6.120.1'].map(
      (version) => `${'a'.repeat(64)}  linux-${version}.tar.xz`,
    );
    expect(newestOf(parseChecksums(sums.join('\n')), '6.12')?.version).toBe('6.12.30');
  });

  it('of keys are those of the Web Key Directory draft', () => {
    expect(webKeyUrls('Joe.Doe@Example.ORG')[1]).toBe(
      'https://example.org/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=joe.doe',
    );
  });
});
