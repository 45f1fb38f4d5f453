import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processId } from '../../../src/support/alive.js';
import { lock } from '../../../src/support/lock.js';
import { silentProgress } from '../../../src/support/progress.js';
import { cached, keyOf, temporaryDirectory } from '../../../src/support/store.js';

const context = { progress: silentProgress };
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'store-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('cached', () => {
  it('builds once for many that want it at once', async () => {
    let builds = 0;
    const build = async (directory: string) => {
      builds += 1;
      await writeFile(join(directory, 'file'), 'content');
    };
    const paths = await Promise.all([1, 2, 3].map(() => cached(root, 'key', build, context)));
    expect(new Set(paths)).toEqual(new Set([join(root, 'key')]));
    expect(builds).toBe(1);
    expect(await readFile(join(root, 'key', 'file'), 'utf8')).toBe('content');
  });

  it('leaves nothing of a build that failed', async () => {
    const failing = cached(
      root,
      'key',
      async (directory) => {
        await writeFile(join(directory, 'half'), '');
        throw new Error('broken');
      },
      context,
    );
    await expect(failing).rejects.toThrow('broken');
    expect((await readdir(root)).filter((name) => name !== '.locks')).toEqual([]);
  });

  it('removes what a killed process left, and only that', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const dead = join(root, `.tmp-${child.pid ?? 0}-${processId(child.pid ?? 0)?.start ?? ''}-aa`);
    await mkdir(dead);
    const alive = await temporaryDirectory(root);
    expect(existsSync(dead)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await temporaryDirectory(root);
    expect(existsSync(dead)).toBe(false);
    expect(existsSync(alive)).toBe(true);
  });
});

describe('lock', () => {
  it('is let go of when its holder is killed', async () => {
    const path = join(root, 'lock');
    const holder = spawn('flock', [path, 'sh', '-c', 'echo; exec sleep 60'], { detached: true });
    await once(holder.stdout, 'data');
    let waited = false;
    const waiting = lock(path, { onWait: () => (waited = true) });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(waited).toBe(true);
    process.kill(-(holder.pid ?? 0), 'SIGKILL');
    await (await waiting).release();
  });

  it('stops waiting when told to', async () => {
    const held = await lock(join(root, 'lock'));
    const controller = new AbortController();
    const waiting = lock(join(root, 'lock'), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(waiting).rejects.toThrow('enough');
    await held.release();
  });
});

describe('keyOf', () => {
  it('keeps the borders of its parts apart', () => {
    expect(keyOf('ab', 'c')).not.toBe(keyOf('a', 'bc'));
    expect(keyOf('ab')).toMatch(/^[0-9a-f]{32}$/);
  });
});
