import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageDirectory } from '../../../src/support/paths.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lupine-init-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const sources = join(packageDirectory, 'guest');

async function build(from: string, name: string): Promise<Buffer> {
  const out = join(directory, name);
  const make = spawnSync('make', ['-s', '-C', from, `OUT=${out}`]);
  expect(make.stderr.toString()).toBe('');
  expect(make.status).toBe(0);
  return await readFile(join(out, 'init'));
}

test('init builds without a warning, to the same bytes in any directory, and stays small', async () => {
  const here = await build(sources, 'one');
  await cp(sources, join(directory, 'elsewhere'), {
    recursive: true,
    filter: (path) => !path.endsWith('/build'),
  });
  const there = await build(join(directory, 'elsewhere'), 'two');
  expect(there.equals(here)).toBe(true);
  expect(here.length).toBeLessThan(30_000);
});

test('init is a static program without loader or executable stack', async () => {
  await build(sources, 'one');
  const headers = execFileSync('readelf', ['-lW', join(directory, 'one/init')]).toString();
  expect(headers).not.toMatch(/INTERP|DYNAMIC/);
  expect(headers).toMatch(/GNU_STACK.* RW /);
});
