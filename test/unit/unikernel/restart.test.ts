import { expect, it } from 'vitest';
import { restartPolicy } from '../../../src/cli/flags.js';
import { wantsAgain } from '../../../src/unikernel/keep.js';

const after = (policy: string, exitCode: number, tries: number) =>
  wantsAgain(restartPolicy(policy), { exitCode, error: null }, tries);

it('follows docker', () => {
  expect(after('no', 1, 0)).toBe(false);
  expect(after('always', 0, 1_000)).toBe(true);
  expect(after('on-failure', 0, 0)).toBe(false);
  expect(after('on-failure', 1, 1_000)).toBe(true);
  expect(after('on-failure:2', 1, 1)).toBe(true);
  expect(after('on-failure:2', 1, 2)).toBe(false);
});

it.each(['', 'maybe', 'always:3', 'no:1', 'on-failure:', 'on-failure:x', 'unless-stopped'])(
  "refuses '%s'",
  (text) => {
    expect(() => restartPolicy(text)).toThrow('expected');
  },
);
