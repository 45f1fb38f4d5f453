/**
 * What tests make and later runs can use again (packages, images, programs): entries of Lupine's own
 * cache, named by the hash of everything that goes into them.
 */

import { join } from 'node:path';
import { cacheDirectory } from '../../src/support/paths.js';
import { silentProgress } from '../../src/support/progress.js';
import { cached, keyOf } from '../../src/support/store.js';

/** Taken when the module is loaded: a test may later point LUPINE_CACHE elsewhere. */
const root = join(cacheDirectory(), 'test');

/**
 * The directory of an entry; `build` fills it when it is not there.
 * @param parts everything the content depends on.
 */
export function cachedDirectory(
  parts: readonly string[],
  build: (directory: string) => Promise<void>,
): Promise<string> {
  return cached(root, keyOf(...parts), build, { progress: silentProgress });
}
