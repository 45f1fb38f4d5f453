/** A directory and a cache of its own for each test, gone afterwards. */

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';

export interface Scratch {
  readonly path: string;
  /** Names in the cache, temporary ones included, locks not. */
  cacheFiles(): Promise<string[]>;
}

/** Call once at the top of a test file. */
export function useScratch(): Scratch {
  let path = '';
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'lupine-image-'));
    vi.stubEnv('LUPINE_CACHE', join(path, 'cache'));
    vi.stubEnv('HOME', path);
    for (const name of ['REGISTRY_AUTH_FILE', 'DOCKER_CONFIG', 'XDG_RUNTIME_DIR']) {
      vi.stubEnv(name, '');
    }
    vi.stubEnv('XDG_CONFIG_HOME', join(path, 'config'));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(path, { recursive: true, force: true });
  });
  return {
    get path() {
      return path;
    },
    async cacheFiles() {
      const names = await readdir(join(path, 'cache'), { recursive: true }).catch(() => []);
      return names.filter((name) => !name.includes('.locks')).sort();
    },
  };
}
