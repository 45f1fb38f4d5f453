/** The layer store among processes: killed in the middle, and two at once. */

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FakeRegistry, fakeRegistry } from '../../unit/image/support/fake-registry.js';
import { image, type TestImage } from '../../unit/image/support/images.js';
import { startPull, writePullProgram } from './pull-program.js';

let scratch: string;
let cache: string;
let program: string;
let registry: FakeRegistry;
let app: TestImage;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lupine-store-'));
  cache = join(scratch, 'cache');
  program = await writePullProgram(join(scratch, 'program'));
  registry = await fakeRegistry();
  const word = (i: number) => createHash('sha256').update(String(i)).digest();
  const noise = Buffer.concat(Array.from({ length: 30_000 }, (_, i) => word(i)));
  app = await image([{ noise }, { app: 'x' }]);
  registry.add('app', app);
});

afterEach(async () => {
  await registry.close();
  await rm(scratch, { recursive: true, force: true });
});

const reference = () => `${registry.host}/app`;

async function blobs(): Promise<string[]> {
  const names = await readdir(join(cache, 'blobs', 'sha256'));
  return names.filter((name) => name !== '.locks').sort();
}

it('has no half entry after a kill, and the next pull cleans up and succeeds', async () => {
  const [large, small] = app.layers.map(({ digest }) => digest.slice(7));
  const stalled = new Promise<void>((reached) => {
    registry.misbehave = (request, response) => {
      if (large === undefined || request.url?.includes(large) !== true) return false;
      const { bytes } = app.layers[0] ?? expect.unreachable();
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 500_000), () => setTimeout(reached, 500));
      return true;
    };
  });
  const first = startPull(program, reference(), cache);
  await stalled;
  first.child.kill('SIGKILL');
  expect(await first.ended).toBe('SIGKILL');
  const left = await blobs();
  expect(left).not.toContain(large);
  expect(left.some((name) => name.startsWith('.tmp-'))).toBe(true);

  registry.misbehave = () => false;
  const second = startPull(program, reference(), cache);
  expect(await second.ended).toBe(0);
  expect(await second.output).toMatch(/^sha256:/);
  expect(await blobs()).toEqual([large, small].sort());
});

it('is filled once by two pulls at once', async () => {
  const pulls = [1, 2].map(() => startPull(program, reference(), cache));
  for (const pull of pulls) expect(await pull.ended).toBe(0);
  const [one, two] = await Promise.all(pulls.map(({ output }) => output));
  expect(one).toMatch(/^sha256:/);
  expect(two).toBe(one);
  for (const { digest } of app.layers) expect(registry.count(new RegExp(digest))).toBe(1);
  expect(await blobs()).toHaveLength(2);
});
