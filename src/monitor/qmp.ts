/**
 * The QEMU Machine Protocol, as much as watching one VM needs: commands without arguments, their
 * answers, and events. One JSON object a line; a peer that sends anything else is cut off.
 *
 * Source: docs/interop/qmp-spec.rst of QEMU.
 */

import type { Duplex } from 'node:stream';
import * as v from 'valibot';

const MAX_LINE_BYTES = 1024 * 1024;

const Message = v.union([
  v.object({ QMP: v.object({}) }),
  v.object({
    event: v.string(),
    data: v.optional(v.record(v.string(), v.unknown()), {}),
  }),
  v.object({ return: v.unknown(), id: v.optional(v.number()) }),
  v.object({ error: v.object({ desc: v.string() }), id: v.optional(v.number()) }),
]);
export type QmpMessage = v.InferOutput<typeof Message>;
export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Turns bytes into messages, however they are cut into chunks. */
export class QmpParser {
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** @throws Error on a line that is no message or longer than a mebibyte. */
  push(chunk: Buffer): QmpMessage[] {
    const messages: QmpMessage[] = [];
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      this.#keep(chunk.subarray(from, end));
      const line = Buffer.concat(this.#pending).toString('utf8').trim();
      this.#pending = [];
      this.#pendingBytes = 0;
      if (line !== '') messages.push(v.parse(Message, JSON.parse(line)));
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
    return messages;
  }

  #keep(part: Buffer): void {
    this.#pendingBytes += part.length;
    if (this.#pendingBytes > MAX_LINE_BYTES) throw new Error('a QMP line is too long');
    if (part.length > 0) this.#pending.push(part);
  }
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One QMP connection. Events before the answer to the first command are delivered too. */
export class QmpClient {
  readonly #socket: Duplex;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #gone: Error | undefined;

  /**
   * @param onEvent called with each event as it comes.
   * @param onNonsense called once when the peer sends what is not QMP, and is cut off.
   */
  constructor(socket: Duplex, onEvent: (event: QmpEvent) => void, onNonsense: () => void) {
    this.#socket = socket;
    const parser = new QmpParser();
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of parser.push(chunk)) this.#receive(message, onEvent);
      } catch (cause) {
        this.#close(new Error('QEMU does not speak QMP', { cause }));
        onNonsense();
      }
    });
    socket.on('error', (error) => this.#close(error));
    socket.on('close', () => this.#close(new Error('QEMU closed its QMP connection')));
    // Sent before the greeting came: events are held back until this is answered.
    this.execute('qmp_capabilities').catch(() => undefined);
  }

  /** Rejects when QEMU refuses the command or is gone. */
  execute(command: string): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(`${JSON.stringify({ execute: command, id })}\n`);
    });
  }

  #receive(message: QmpMessage, onEvent: (event: QmpEvent) => void): void {
    if ('event' in message) onEvent(message);
    if ('event' in message || 'QMP' in message) return;
    const waiting = this.#waiting.get(message.id ?? 0);
    this.#waiting.delete(message.id ?? 0);
    if ('error' in message) waiting?.reject(new Error(message.error.desc));
    else waiting?.resolve(message.return);
  }

  #close(reason: Error): void {
    if (this.#gone !== undefined) return;
    this.#gone = reason;
    this.#socket.destroy();
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}
