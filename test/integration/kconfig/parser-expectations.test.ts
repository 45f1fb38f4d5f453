import { describe, expect, it } from 'vitest';
import { prepareSource } from '../../../src/kernel/index.js';
import { silentProgress } from '../../../src/support/progress.js';
import { parserExpectations } from './expectations.js';

const context = { progress: silentProgress };

describe("the kernel's own tests of macros and inclusion", () => {
  it('see what they expect', { timeout: 600_000 }, async () => {
    const source = await prepareSource({ kind: 'line', line: '6.12' }, [], context);
    const all = parserExpectations(source.path);
    expect(all.map(({ name }) => name)).toContain('preprocess/escape');
    for (const { name, expected, actual } of all) {
      if (expected.stdout !== undefined) expect(actual.stdout, name).toContain(expected.stdout);
      if (expected.stderr === undefined) continue;
      if (name === 'err_recursive_inc') expect(actual.stderr, name).toContain(expected.stderr);
      else expect(actual.stderr, name).toBe(expected.stderr);
    }
  });
});
