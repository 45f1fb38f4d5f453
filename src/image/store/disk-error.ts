/** A disk that is full, or a cache that cannot be written, in words a user can act on. */

import { LupineError, isSystemError } from '../../support/errors.js';
import { cacheDirectory } from '../../support/paths.js';

/** Any other error comes back as it is. */
export function diskError(error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const where = cacheDirectory();
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return new LupineError('no space left for layers', {
      where,
      fix: 'free some space, or set LUPINE_CACHE to a directory that has room',
      cause: error,
    });
  }
  if (error.path?.startsWith(where) !== true) return error;
  return new LupineError(`the cache cannot be used (${error.code ?? ''})`, {
    where: error.path,
    fix: 'set LUPINE_CACHE to a directory that you may write',
    cause: error,
  });
}
