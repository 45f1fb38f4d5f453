/** The bundle that the experiments run: this machine's redis. */

import { join } from 'node:path';
import { LupineError } from '../support/errors.js';
import { build, readBundle, writeBundle, type Unikernel } from '../unikernel/index.js';
import type { Setup } from './types.js';

export const REDIS = '/usr/bin/redis-server';
export const REDIS_PORT = 6379;

export interface Bundle {
  readonly path: string;
  readonly unikernel: Unikernel;
}

/** The bundle that was named, or a new one; its kernel comes from the cache when it is there. */
export async function redisBundle({ bundle, directory, context }: Setup): Promise<Bundle> {
  if (bundle !== undefined) return { path: bundle, unikernel: await readBundle(bundle) };
  const path = join(directory, 'redis');
  const unikernel = await build(REDIS, {}, context);
  if (!unikernel.description.network) {
    throw new LupineError('the redis unikernel has no network', { where: REDIS });
  }
  await writeBundle(unikernel, path, context);
  return { path, unikernel: await readBundle(path) };
}
