/** `lupine bench` as a user runs it, on redis' own kernel: figures repeat, and Ctrl-C keeps them. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readResults, type Results } from '../../../src/evaluation/index.js';
import { Lupine } from '../../support/cli.js';
import { redisKernel } from '../../support/kernel.js';

const directory = mkdtempSync(join(tmpdir(), 'lupine-bench-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeAll(redisKernel);

const own = ['--profiles', 'lupine', '--variants', 'nokml', '--quick'];

function bench(out: string, ...args: readonly string[]): Lupine {
  // Counted instructions are the same on every machine; time is not.
  const env = { LUPINE_ACCEL: 'tcg' };
  return new Lupine(['bench', ...args, ...own, '--out', join(directory, out)], { env });
}

function resultsOf(out: string): Promise<Results> {
  return readResults(join(directory, out, 'results.json'));
}

describe('an evaluation', () => {
  test('counts the same instructions in every run', async () => {
    const { status, stderr } = await bench('first', 'crossing', '--runs', '3').ended;
    expect(stderr).not.toContain('crashed');
    expect(status).toBe(0);
    const { experiments } = await resultsOf('first');
    const values = experiments[0]?.runs.map(({ outcome }) =>
      outcome.kind === 'measured' ? outcome.values : outcome.reason,
    );
    expect(values).toHaveLength(3);
    expect(values?.[0]).toHaveLength(20);
    expect(values?.[1]).toEqual(values?.[0]);
    expect(values?.[2]).toEqual(values?.[0]);
    for (const name of ['report.html', 'report.md']) {
      expect(readFileSync(join(directory, 'first', name), 'utf8')).toContain('Work between');
    }
  });

  test('that is interrupted keeps what was measured', async () => {
    const running = bench('second', 'size', 'crossing', '--runs', '500');
    // The first experiment is over at once, and its results are there before the second begins.
    while (!existsSync(join(directory, 'second', 'results.json'))) await sleep(100);
    await sleep(3_000);
    running.signal('SIGINT');
    const { status, stderr } = await running.ended;
    expect(status).toBe(130);
    expect(stderr).toContain('interrupted');
    const [size, crossing] = (await resultsOf('second')).experiments;
    expect(size?.interrupted).toBe(false);
    expect(size?.runs).toHaveLength(1);
    expect(crossing?.interrupted).toBe(true);
    expect(crossing?.runs.length).toBeLessThan(500);
    expect(readFileSync(join(directory, 'second', 'report.md'), 'utf8')).toContain('Interrupted');
  });

  test('is told from another by nothing but what changed', async () => {
    const paths = ['first', 'first'].map((out) => join(directory, out));
    const { status, stdout } = await new Lupine(['bench', 'compare', ...paths]).ended;
    expect(status).toBe(0);
    expect(stdout).toBe('0 of 20 figures differ\n');
  });

  test('needs names that exist', async () => {
    const { status, stderr } = await new Lupine(['bench', 'syscal']).ended;
    expect(status).toBe(1);
    expect(stderr).toContain('did you mean syscall?');
  });
});
