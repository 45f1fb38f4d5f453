/**
 * How others speak to the keeper of a VM: JSON lines over a unix socket in the VM's private directory.
 * Each request has one answer; between answers come the streams of who attached.
 */

import { closeSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import * as v from 'valibot';
import { LupineError, isSystemError } from '../support/errors.js';
import { files } from './record.js';

const number = v.pipe(v.number(), v.integer());
const signal = v.pipe(number, v.minValue(1), v.maxValue(64));
const extent = v.pipe(number, v.minValue(0), v.maxValue(65_535));

const RequestSchema = v.variant('op', [
  /** To the application. */
  v.object({ op: v.literal('signal'), number: signal }),
  /** The VM, at once. */
  v.object({ op: v.literal('kill') }),
  /** Asks the application to end, and ends the VM after so many milliseconds; answered by its end. */
  v.object({ op: v.literal('stop'), timeout: v.pipe(number, v.minValue(0)) }),
  /** Answered by the VM's end. */
  v.object({ op: v.literal('wait') }),
  v.object({ op: v.literal('resize'), rows: extent, columns: extent }),
  /** What the application says from now on comes as {@link Output}. */
  v.object({ op: v.literal('attach') }),
  /** In base64; null is its end. */
  v.object({ op: v.literal('input'), data: v.nullable(v.pipe(v.string(), v.base64())) }),
]);
export type Request = v.InferOutput<typeof RequestSchema>;

const AnswerSchema = v.union([
  v.object({ ok: v.literal(true), exitCode: v.optional(number) }),
  v.object({ error: v.string() }),
]);
export type Answer = v.InferOutput<typeof AnswerSchema>;

const OutputSchema = v.object({
  stream: v.picklist(['stdout', 'stderr']),
  data: v.pipe(v.string(), v.base64()),
});
export type Output = v.InferOutput<typeof OutputSchema>;

const MAX_LINE_BYTES = 1024 * 1024;

/** Waiting to be taken by a client that attached: one that is slower is let go. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** @param line of a client. Undefined where it is no request. */
export function parseRequest(line: string): Request | undefined {
  return parse(RequestSchema, line);
}

function parse<T extends v.GenericSchema>(schema: T, line: string): v.InferOutput<T> | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(line));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

export interface Client {
  send(output: Output): void;
  onGone(listener: () => void): void;
}

export interface ControlServer {
  /** Answers that are on their way arrive; then nobody is served any more. */
  close(): Promise<void>;
}

/** Serves the socket in a directory. @param handle never rejects. */
export async function serveControl(
  directory: string,
  handle: (request: Request, client: Client) => Promise<Answer>,
): Promise<ControlServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serveClient(socket, handle);
  });
  await rm(join(directory, files.control), { force: true });
  await atSocket(directory, (path) => listen(server, path));
  server.unref();
  return {
    async close() {
      server.close();
      // Answers that were just given are on their way to their sockets.
      await new Promise((soon) => setImmediate(soon));
      await Promise.all([...sockets].map(endSocket));
    },
  };
}

function serveClient(
  socket: Socket,
  handle: (request: Request, client: Client) => Promise<Answer>,
): void {
  const client: Client = {
    send: (output) => {
      if (socket.writableLength > MAX_WAITING_BYTES) socket.destroy();
      else send(socket, output);
    },
    onGone: (listener) => socket.once('close', listener),
  };
  eachLine(socket, (line) => {
    const request = parseRequest(line);
    if (request === undefined) return send(socket, { error: 'not a request' } satisfies Answer);
    void handle(request, client).then((answer) => send(socket, answer));
  });
}

/** Milliseconds for a client to take its last answer. */
const LAST_ANSWER = 500;

function endSocket(socket: Socket): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(() => socket.destroy(), LAST_ANSWER);
    socket.once('close', () => {
      clearTimeout(timer);
      done();
    });
    socket.end();
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(path, done);
  });
}

/** A connection to the keeper of a VM. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #waiting: ((answer: Answer | undefined) => void)[] = [];
  /** Fulfils when the keeper is gone or has let go. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket, onOutput: (output: Output) => void) {
    this.#socket = socket;
    socket.on('error', () => socket.destroy());
    this.closed = new Promise((done) => {
      socket.once('close', () => {
        for (const answer of this.#waiting.splice(0)) answer(undefined);
        done();
      });
    });
    eachLine(socket, (line) => {
      const output = parse(OutputSchema, line);
      if (output !== undefined) return onOutput(output);
      const answer = parse(AnswerSchema, line);
      if (answer === undefined) socket.destroy();
      else this.#waiting.shift()?.(answer);
    });
  }

  /** Undefined when nobody keeps the VM. @param directory the VM's. */
  static async connect(
    directory: string,
    onOutput: (output: Output) => void = () => undefined,
  ): Promise<ControlClient | undefined> {
    try {
      return new ControlClient(await atSocket(directory, connect), onOutput);
    } catch (error) {
      if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ECONNREFUSED')) return undefined;
      throw error;
    }
  }

  /**
   * The answer to a request; undefined when the keeper ended before it came. Answers keep the order
   * of requests, so a `stop` or `wait` needs a connection of its own.
   * @throws LupineError where the keeper refuses.
   */
  async ask(request: Request): Promise<{ exitCode?: number | undefined } | undefined> {
    const answer = await new Promise<Answer | undefined>((resolve) => {
      if (this.#socket.destroyed) return resolve(undefined);
      this.#waiting.push(resolve);
      send(this.#socket, request);
    });
    if (answer !== undefined && 'error' in answer) throw new LupineError(answer.error);
    return answer;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/**
 * One request over a connection of its own; undefined when nobody keeps the VM, or it ended first.
 * @param signal gives up: undefined then too.
 */
export async function ask(
  directory: string,
  request: Request,
  signal?: AbortSignal,
): Promise<{ exitCode?: number | undefined } | undefined> {
  const client = await ControlClient.connect(directory);
  const giveUp = () => client?.close();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    return await client?.ask(request);
  } finally {
    signal?.removeEventListener('abort', giveUp);
    client?.close();
  }
}

function connect(path: string): Promise<Socket> {
  return new Promise((done, failed) => {
    const socket = createConnection(path);
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      done(socket);
    });
  });
}

/** A socket's path holds 107 bytes, a directory's may be longer: it is named through /proc. */
async function atSocket<T>(directory: string, work: (path: string) => Promise<T>): Promise<T> {
  const descriptor = openSync(directory, 'r');
  try {
    return await work(`/proc/self/fd/${descriptor}/${files.control}`);
  } finally {
    closeSync(descriptor);
  }
}

function send(socket: Socket, message: Request | Answer | Output): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

function eachLine(socket: Socket, listener: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_BYTES) return socket.destroy();
    lines.forEach(listener);
  });
}
