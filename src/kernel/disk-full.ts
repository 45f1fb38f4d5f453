/** A full disk shows itself in many places and words; to the user it is one thing. */

import { statfs } from 'node:fs/promises';
import { LupineError, isSystemError } from '../support/errors.js';
import { cacheDirectory } from '../support/paths.js';

/** Less than this is full: programs fail on a page that does not fit, not on the last byte. */
const FULL_BYTES = 256 * 1024;

/**
 * What to throw for a failed write: the error itself, or one that says that the disk is full.
 * @param directory where was written; what the failure left must still be there.
 */
export async function orDiskFull(error: unknown, directory: string): Promise<unknown> {
  const said =
    isSystemError(error, 'ENOSPC') ||
    isSystemError(error, 'EDQUOT') ||
    (error instanceof LupineError && /No space left on device/.test(error.line));
  if (!said && !(error instanceof LupineError && (await isFull(directory)))) return error;
  return new LupineError('no space left on the disk', {
    where: cacheDirectory(),
    fix: 'free 4 GB for a first kernel, 1 GB for others, or set LUPINE_CACHE to another disk',
    cause: error,
  });
}

async function isFull(directory: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize < FULL_BYTES;
}
