/**
 * Locks between processes, by flock(2) through flock(1): the kernel lets go of the lock when its
 * holder dies, however it dies, so a lock is never stale.
 */

import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LupineError, isSystemError } from './errors.js';

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes an exclusive lock on a file (made when absent), waiting for other holders.
 * @param onWait called once when somebody else holds it.
 * @throws the signal's reason when aborted while waiting.
 */
export async function lock(
  path: string,
  options: { signal?: AbortSignal | undefined; onWait?: (() => void) | undefined } = {},
): Promise<Lock> {
  options.signal?.throwIfAborted();
  await mkdir(dirname(path), { recursive: true });
  // The holder is a child that lives as long as its stdin, that is: as long as this process.
  const child = spawn('flock', ['--exclusive', path, 'sh', '-c', 'echo; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  const waiting = setTimeout(() => options.onWait?.(), 300);
  const abort = () => child.kill('SIGKILL');
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    await new Promise<void>((taken, failed) => {
      child.stdout.once('data', () => taken());
      child.once('error', (error) => {
        failed(
          isSystemError(error, 'ENOENT')
            ? new LupineError('a program is missing', { where: 'flock', fix: 'install util-linux' })
            : error,
        );
      });
      child.once('exit', () => failed(new LupineError('cannot lock', { where: path })));
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(waiting);
    options.signal?.removeEventListener('abort', abort);
  }
  child.unref();
  return {
    async release() {
      // Waited for: its end must be seen even when nothing else keeps this process alive.
      child.ref();
      child.stdin.end();
      await ended;
    },
  };
}
