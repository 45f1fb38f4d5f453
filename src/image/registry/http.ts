/**
 * HTTP as a registry needs it: retries with growing pauses, redirects that never carry a password to
 * another host, proxies of the environment, and time limits on every stage so that nothing hangs.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request as send } from 'undici';
import { LupineError } from '../../support/errors.js';
import { ATTEMPTS, DISCARDED_BYTES, NETWORK_MS, REDIRECTS, RETRY_MS } from '../limits.js';
import { Transient, networkError, statusError } from './errors.js';

export interface HttpRequest {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with POST as a form; without it the method is GET. */
  readonly form?: URLSearchParams;
}

export interface Answer {
  readonly status: number;
  /** The value of a header; of a repeated one all, joined by commas. */
  header(name: string): string | undefined;
  readonly body: Readable;
  /** Lets go of a body that nobody wants. */
  discard(): void;
}

export interface HttpOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds before attempt n + 1; for tests. */
  readonly pause?: ((attempt: number) => number) | undefined;
  readonly timeouts?: typeof NETWORK_MS | undefined;
}

export interface Http {
  /**
   * Sends a request, again when the failure is one that passes. Any final status is an answer.
   * @throws LupineError when nobody answers.
   */
  send(request: HttpRequest): Promise<Answer>;
  /** As `send`, with the whole body. @throws LupineError too when it is larger than the limit. */
  read(request: HttpRequest, limit: number): Promise<Answer & { readonly bytes: Buffer }>;
  /** Waits before attempt n + 1, at least as long as the server wishes. */
  pause(attempt: number, atLeastMs?: number): Promise<void>;
  close(): Promise<void>;
}

export function makeHttp(options: HttpOptions = {}): Http {
  const { signal } = options;
  const dispatchers = makeDispatchers(options.timeouts ?? NETWORK_MS);

  const pause = async (attempt: number, atLeastMs = 0) => {
    const wanted = options.pause?.(attempt) ?? RETRY_MS.first * 2 ** (attempt - 1);
    await sleep(Math.min(RETRY_MS.most, Math.max(wanted, atLeastMs)), undefined, { signal });
  };

  const retrying = async <T>(once: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once();
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Transient)) throw error;
        if (attempt >= ATTEMPTS) throw error.error;
        await pause(attempt, error.afterMs);
      }
    }
  };

  const once = async (request: HttpRequest): Promise<Answer> => {
    const answer = await following(request, (url) => dispatchers.get(url), signal);
    if (answer.status === 429 || (answer.status >= 500 && answer.status !== 501)) {
      answer.discard();
      throw new Transient(
        statusError(answer.status, request.url.href, request.url.host),
        retryAfterMs(answer.header('retry-after')),
      );
    }
    return answer;
  };

  return {
    pause,
    send: (request) => retrying(() => once(request)),
    read: (request, limit) =>
      retrying(async () => {
        const answer = await once(request);
        try {
          return { ...answer, bytes: await readBody(answer.body, limit, request.url) };
        } catch (error) {
          throw networkError(error, request.url.host);
        }
      }),
    close: () => dispatchers.close(),
  };
}

async function following(
  { url, headers, form }: HttpRequest,
  dispatcherFor: (url: URL) => Dispatcher,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  let target = url;
  let carried: Record<string, string> = { 'accept-encoding': 'identity', ...headers };
  for (let hops = 0; ; hops++) {
    const answer = await exchange(target, carried, form, dispatcherFor(target), signal);
    const location = answer.header('location');
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    answer.discard();
    const next = redirectTarget(location, target);
    if (hops >= REDIRECTS || form !== undefined) {
      throw new LupineError('the registry redirects without end', { where: url.href });
    }
    if (next.origin !== target.origin) {
      carried = { ...carried };
      delete carried['authorization'];
    }
    target = next;
  }
}

function redirectTarget(location: string, from: URL): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (next === undefined || !mayFollow(from, next)) {
    throw new LupineError('the registry redirects to where it must not', {
      where: `${from.host} to ${location.slice(0, 200)}`,
      fix: 'only https is followed, and plain http between registries on this machine',
    });
  }
  return next;
}

/** https always; http only from a registry on this machine to a server on this machine. */
export function mayFollow(from: URL, to: URL): boolean {
  if (to.username !== '' || to.password !== '') return false;
  if (to.protocol === 'https:') return true;
  return to.protocol === 'http:' && from.protocol === 'http:' && isLoopback(to.hostname);
}

/** As docker decides it: `localhost`, 127.0.0.0/8 and ::1, by name only, without a look-up. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$/.test(hostname)
  );
}

async function exchange(
  url: URL,
  headers: Record<string, string>,
  form: URLSearchParams | undefined,
  dispatcher: Dispatcher,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  try {
    const response = await send(url, {
      dispatcher,
      ...(signal === undefined ? {} : { signal }),
      ...(form === undefined
        ? { method: 'GET', headers }
        : {
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
            body: form.toString(),
          }),
    });
    return {
      status: response.statusCode,
      body: response.body,
      discard: () => void response.body.dump({ limit: DISCARDED_BYTES }).catch(() => undefined),
      header: (name) => {
        const value = response.headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
    };
  } catch (error) {
    signal?.throwIfAborted();
    throw networkError(error, url.host);
  }
}

async function readBody(body: Readable, limit: number, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      throw new LupineError(`the registry's answer is larger than ${limit} bytes`, {
        where: url.href,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function makeDispatchers(timeouts: typeof NETWORK_MS): {
  get(url: URL): Dispatcher;
  close(): Promise<void>;
} {
  const settings = {
    connect: { timeout: timeouts.connect },
    headersTimeout: timeouts.headers,
    bodyTimeout: timeouts.stall,
  };
  // Like Go's clients: what is on this machine is never asked of a proxy.
  let direct: Dispatcher | undefined;
  let proxied: Dispatcher | undefined;
  return {
    get: (url) =>
      isLoopback(url.hostname)
        ? (direct ??= new Agent(settings))
        : (proxied ??= new EnvHttpProxyAgent(settings)),
    async close() {
      await Promise.all([direct?.destroy(), proxied?.destroy()]);
    },
  };
}
