/**
 * Large files over HTTP: streamed to disk, resumed where a previous attempt or a previous process
 * stopped, retried when the network fails. Nothing here is trusted: the caller verifies the file.
 */

import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EnvHttpProxyAgent, Response } from 'undici';
import type { Context } from '../support/context.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { orDiskFull } from './disk-full.js';

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;
const QUIET_MS = 30_000;

/** Loaded when something is downloaded: whoever only asks about a kernel that is here does not wait for it. */
const client = () => import('undici');

/** A failure that another attempt may cure. */
class Transient extends Error {}

/**
 * Downloads to a file, going on where the file ends.
 * @throws LupineError when the server refuses or the network stays away.
 */
export async function download(url: string, path: string, context: Context): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const task = context.progress.task(
    `downloading ${new URL(url).pathname.split('/').at(-1) ?? ''}`,
  );
  try {
    await retried(url, context, async (agent) => {
      const have = await sizeOf(path);
      const response = await request(url, agent, context, have > 0 ? `bytes=${have}-` : undefined);
      if (response.status === 416) return; // Nothing is left to send: the file is whole, or wrong.
      const append = response.status === 206;
      const start = append ? have : 0;
      const length = Number(response.headers.get('content-length') ?? Number.NaN);
      const total = Number.isFinite(length) ? start + length : undefined;
      let done = start;
      const meter = new Transform({
        transform(chunk: Uint8Array, _encoding, next) {
          done += chunk.length;
          task.update({ done, unit: 'bytes', ...(total === undefined ? {} : { total }) });
          next(null, chunk);
        },
      });
      const file = createWriteStream(path, { flags: append ? 'a' : 'w' });
      await pipeline(bodyOf(response), meter, file, { signal: context.signal });
      if (total !== undefined && done !== total) throw new Transient(`${done} of ${total} bytes`);
    });
  } catch (error) {
    task.fail();
    throw await orDiskFull(error, dirname(path));
  }
  task.succeed();
}

/**
 * Fetches a small file whole; undefined when the server says there is none.
 * @throws LupineError as `download`, and when it is larger than `limit` bytes.
 */
export async function fetchSmall(
  url: string,
  limit: number,
  context: Context,
): Promise<Buffer | undefined> {
  return retried(url, context, async (agent) => {
    const response = await request(url, agent, context, undefined, [404]);
    if (response.status === 404) return undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of bodyOf(response)) {
      size += (chunk as Buffer).length;
      if (size > limit) throw new LupineError(`answer larger than ${limit} bytes`, { where: url });
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  });
}

async function request(
  url: string,
  dispatcher: EnvHttpProxyAgent,
  context: Context,
  range: string | undefined,
  accept: readonly number[] = [],
): Promise<Response> {
  const { fetch } = await client();
  const response = await fetch(url, {
    dispatcher,
    signal: context.signal ?? null,
    headers: { 'accept-encoding': 'identity', ...(range === undefined ? {} : { range }) },
  });
  const { status } = response;
  if (response.ok || accept.includes(status) || (status === 416 && range !== undefined)) {
    return response;
  }
  await response.body?.cancel();
  if (status === 429 || status >= 500) throw new Transient(`HTTP ${status}`);
  throw new LupineError(`the server answered ${status}`, {
    where: url,
    fix: status === 404 ? 'check the version, or the mirror in LUPINE_KERNEL_MIRROR' : 'try later',
  });
}

function bodyOf(response: Response): Readable {
  return response.body === null ? Readable.from([]) : Readable.fromWeb(response.body);
}

async function retried<T>(
  url: string,
  context: Context,
  attempt: (agent: EnvHttpProxyAgent) => Promise<T>,
): Promise<T> {
  const { EnvHttpProxyAgent } = await client();
  const agent = new EnvHttpProxyAgent({ headersTimeout: QUIET_MS, bodyTimeout: QUIET_MS });
  try {
    for (let count = 1; ; count += 1) {
      try {
        return await attempt(agent);
      } catch (error) {
        context.signal?.throwIfAborted();
        if (error instanceof LupineError || isDiskFailure(error)) throw error;
        if (count === ATTEMPTS) throw unreachable(url, error);
        await sleep(FIRST_PAUSE_MS * 2 ** (count - 1), undefined, { signal: context.signal });
      }
    }
  } finally {
    await agent.destroy();
  }
}

function isDiskFailure(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO'].some((code) => isSystemError(error, code));
}

function unreachable(url: string, error: unknown): LupineError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LupineError('cannot download', {
    where: `${url} (${reason})`,
    fix: 'check the network and HTTPS_PROXY, or name a mirror in LUPINE_KERNEL_MIRROR',
    cause: error,
  });
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return 0;
    throw error;
  }
}
