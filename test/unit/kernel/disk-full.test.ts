import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { orDiskFull } from '../../../src/kernel/disk-full.js';
import { LupineError } from '../../../src/support/errors.js';

const enospc = Object.assign(new Error('write'), { code: 'ENOSPC' });

describe('orDiskFull', () => {
  it.each([enospc, new LupineError('make failed', { where: 'cc1: No space left on device' })])(
    'knows %s',
    async (error) => {
      expect(await orDiskFull(error, tmpdir())).toMatchObject({
        message: 'no space left on the disk',
        cause: error,
      });
    },
  );

  it('leaves other errors as they are', async () => {
    for (const error of [new Error('x'), new LupineError('tar exited with status 2')]) {
      expect(await orDiskFull(error, tmpdir())).toBe(error);
    }
  });
});
