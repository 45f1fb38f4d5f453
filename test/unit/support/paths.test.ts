import { join } from 'node:path';
import { expect, test } from 'vitest';
import { movedEnvironment } from '../../../src/support/paths.js';

test('paths of the environment mean the same in another directory', () => {
  const given = {
    LUPINE_STATE: 'state',
    LUPINE_QEMU: '/bin/qemu',
    LUPINE_CACHE: '',
    OTHER: 'state',
  };
  expect(movedEnvironment(given)).toEqual({ ...given, LUPINE_STATE: join(process.cwd(), 'state') });
  expect(movedEnvironment({})).toEqual({});
});
