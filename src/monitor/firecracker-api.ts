/** Firecracker's API: HTTP over a unix socket, each of its refusals as a sentence. */

import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { LupineError, isSystemError } from '../support/errors.js';

const Fault = v.object({ fault_message: v.pipe(v.string(), v.maxLength(10_000)) });
const Instance = v.object({ state: v.picklist(['Not started', 'Running', 'Paused']) });

export type InstanceState = v.InferOutput<typeof Instance>['state'];

/** An answer is a few lines; Firecracker's own limit of a request is 50 KB. */
const MAX_BYTES = 1 << 20;

/** Milliseconds between two looks at a socket that is not there yet. */
const PAUSE = 2;

export class FirecrackerApi {
  readonly #socket: string;

  /** @param socket its path, of at most 107 bytes (unix(7)). */
  constructor(socket: string) {
    this.#socket = socket;
  }

  /**
   * How the VM is. Firecracker answers when it has set up the machine, and starts the guest by then.
   * @param signal gives up, and throws its reason.
   */
  async state(signal: AbortSignal): Promise<InstanceState> {
    for (;;) {
      signal.throwIfAborted();
      try {
        return v.parse(Instance, await this.call('GET', '/', undefined, signal)).state;
      } catch (error) {
        signal.throwIfAborted();
        if (!isSystemError(error, 'ENOENT') && !isSystemError(error, 'ECONNREFUSED')) throw error;
        await sleep(PAUSE);
      }
    }
  }

  /**
   * @returns the answer's JSON; undefined where there is none.
   * @throws LupineError with Firecracker's reason for a refusal; a system error of the socket.
   */
  async call(
    method: 'GET' | 'PUT' | 'PATCH',
    path: string,
    body?: object,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const { status, text } = await this.#exchange(method, path, body, signal);
    const answer = parse(text);
    if (status < 300) return answer;
    const fault = v.safeParse(Fault, answer);
    throw new LupineError('Firecracker refuses', {
      where: `${method} ${path}: ${fault.success ? fault.output.fault_message : `status ${status}`}`,
    });
  }

  #exchange(
    method: string,
    path: string,
    body: object | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          socketPath: this.#socket,
          method,
          path,
          // No connection is kept: its end would be Firecracker's, and no request's.
          agent: false,
          ...(signal === undefined ? {} : { signal }),
          headers: { accept: 'application/json', 'content-type': 'application/json' },
        },
        (incoming) => {
          let text = '';
          incoming.setEncoding('utf8').on('data', (part: string) => {
            text += part;
            if (text.length > MAX_BYTES) outgoing.destroy(new Error('the answer is too long'));
          });
          incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    throw new LupineError('Firecracker answers with something else than JSON', {
      where: text.slice(0, 200),
    });
  }
}
