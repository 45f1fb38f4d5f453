/** `lupine kernel size` on the kernel that other tests run redis on: its parts are the whole. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Cost, Kernel, SymbolSize } from '../../../src/kernel/index.js';
import { lupine } from '../../support/cli.js';
import { redisKernel } from '../../support/kernel.js';

interface Sizes<Row> {
  readonly kernel: Kernel;
  readonly rows: readonly Row[];
}

beforeAll(redisKernel);

async function sizes<Row>(...args: readonly string[]): Promise<Sizes<Row>> {
  const { status, stdout, stderr } = await lupine(['kernel', 'size', ...args, '--json']);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as Sizes<Row>;
}

function inMemory({ kernel }: Sizes<unknown>): number {
  return Object.values<number>({ ...kernel.report.sections }).reduce(
    (sum, bytes) => sum + bytes,
    0,
  );
}

const total = (rows: readonly { readonly bytes: number }[]) =>
  rows.reduce((sum, { bytes }) => sum + bytes, 0);

describe('the kernel for redis', () => {
  test('is the sum of its options, and all but what the link adds', async () => {
    const found = await sizes<Cost>('--app', 'redis');
    const names = found.rows.map(({ name }) => name);
    for (const option of [null, 'INET', 'EPOLL', 'FUTEX']) expect(names).toContain(option);
    expect(total(found.rows)).toBeGreaterThan(inMemory(found) * 0.9);
    expect(total(found.rows)).toBeLessThan(inMemory(found) * 1.1);
  });

  test('is the sum of its symbols, to the byte', async () => {
    const found = await sizes<SymbolSize>('--app', 'redis', '--by', 'symbol');
    expect(total(found.rows)).toBe(inMemory(found));
    const fork = found.rows.find(({ name }) => name === 'copy_process');
    expect(fork).toMatchObject({ section: '.text', kind: 'text' });
    expect(fork?.bytes).toBeGreaterThan(1_000);
    expect(fork?.bytes).toBeLessThan(20_000);
  });

  test('differs in nothing from itself', async () => {
    const { status, stdout } = await lupine([
      'kernel',
      'size',
      '--diff',
      'app:redis',
      'app:redis',
      '--by',
      'directory',
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\(\d+ alike\) .* 0 B$/m);
    expect(stdout).toMatch(/^total .* 0 B$/m);
  });

  test('is drawn with all of its objects', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'size-'));
    try {
      const page = join(directory, 'redis.html');
      const { rows } = await sizes<Cost>('--app', 'redis', '--by', 'object', '--html', page);
      const titles = (await readFile(page, 'utf8')).match(/<g><title>/g) ?? [];
      expect(titles).toHaveLength(2 * rows.length);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('tells in an explanation what an option costs', async () => {
    const { stdout } = await lupine(['kernel', 'explain', 'EPOLL', '--app', 'redis']);
    expect(stdout).toMatch(/^Costs {4}\d.* kB in 1 object \(text /m);
  });
});

test.each([
  [['--diff', 'lupine-base'], 'two kernels are compared'],
  [['--diff', 'lupine-base', 'app:redis', '--app', 'redis'], '--app'],
  [['--diff', 'lupine-base', 'no-such-thing'], 'no-such-thing'],
  [['--app', 'redis,nginx'], 'one kernel at a time'],
  [['--by', 'colour'], 'option, directory, object, symbol'],
  [['--limit', 'few'], 'a number of rows'],
])('%j is refused before anything is built', async (args, reason) => {
  const { status, stdout, stderr } = await lupine(['kernel', 'size', ...args]);
  expect(status).not.toBe(0);
  expect(stdout).toBe('');
  expect(stderr).toContain(reason);
  expect(stderr).not.toMatch(/^ {4}at /m);
});
