/**
 * The host's end of a guest's serial line: the application's stdin, stdout and stderr as streams,
 * what else the guest says as events, and how it ended. Back pressure reaches both ends: who does
 * not read stdout and stderr stops the guest (call `resume()` on what is not wanted), and stdin is
 * sent only as the guest gives credit for it.
 */

import { EventEmitter } from 'node:events';
import { Readable, Writable, type Duplex } from 'node:stream';
import {
  FrameDecoder,
  maxPayloadToGuest,
  protocolVersion,
  signalFrame,
  stdinEndFrame,
  stdinFrame,
  windowSizeFrame,
  type ApplicationEnd,
  type GuestEvent,
  type GuestMessage,
  type KernelLine,
} from './frames.js';

/** `lost`: the line ended, or cannot be understood, before the application's status came. */
export type GuestEnd = ApplicationEnd | { readonly kind: 'lost'; readonly reason: string };

interface Events {
  /** Kernel console text outside of frames: boot messages, a panic. */
  text: [Buffer];
  kernel: [KernelLine];
  message: [GuestMessage];
  /** The application is about to be executed; microseconds of the kernel's own clock. */
  started: [number];
}

type Done = (error?: Error | null) => void;

export class GuestConsole extends EventEmitter<Events> {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Fails never: what the guest does not take any more is dropped. */
  readonly stdin: Writable;
  /** Fulfils, never rejects. All of stdout and stderr has been pushed to their streams by then. */
  readonly ended: Promise<GuestEnd>;

  readonly #serial: Duplex;
  readonly #decoder = new FrameDecoder();
  readonly #stalled = new Set<Readable>();
  #resolve!: (end: GuestEnd) => void;
  #over = false;
  /** Frames said before the guest could hear: it is deaf until its hello. */
  #early: Buffer[] | undefined = [];
  #credit = 0;
  #pending: { data: Buffer; done: Done } | undefined;

  constructor(serial: Duplex) {
    super();
    this.#serial = serial;
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
    this.stdout = this.#output();
    this.stderr = this.#output();
    this.stdin = new Writable({
      write: (data: Buffer, _encoding, done) => {
        this.#pending = { data, done };
        this.#sendInput();
      },
      final: (done) => {
        this.#send(stdinEndFrame());
        done();
      },
    });
    serial.on('data', (chunk: Buffer) => this.#receive(chunk));
    serial.once('end', () => this.#lost('the console closed'));
    serial.once('close', () => this.#lost('the console closed'));
    serial.on('error', (error) => this.#lost(error.message));
    serial.on('drain', () => this.#sendInput());
  }

  /** Sends a signal to the application. @param number as the guest numbers it, 1 … 64. */
  signal(number: number): void {
    this.#send(signalFrame(number));
  }

  /** Tells the application's terminal its new size. */
  resize(rows: number, columns: number): void {
    this.#send(windowSizeFrame(rows, columns));
  }

  #output(): Readable {
    const stream: Readable = new Readable({
      read: () => {
        if (this.#stalled.delete(stream) && this.#stalled.size === 0) this.#serial.resume();
      },
    });
    return stream;
  }

  #receive(chunk: Uint8Array): void {
    for (const event of this.#decoder.push(chunk)) this.#handle(event);
  }

  #handle(event: GuestEvent): void {
    switch (event.kind) {
      case 'text':
        this.emit('text', event.data);
        break;
      case 'hello':
        this.#hello(event.version);
        break;
      case 'stdout':
      case 'stderr':
        this.#push(this[event.kind], event.data);
        break;
      case 'kernel':
        this.emit('kernel', event);
        break;
      case 'message':
        this.emit('message', event);
        break;
      case 'started':
        this.emit('started', event.microseconds);
        break;
      case 'credit':
        // A guest that gives more than the protocol's window only floods itself.
        this.#credit = Math.min(this.#credit + event.bytes, 65_536);
        this.#sendInput();
        break;
      case 'exit':
        this.#finish(event.end);
        break;
    }
  }

  #hello(version: number): void {
    if (version !== protocolVersion) {
      this.#finish({
        kind: 'lost',
        reason: `the guest's init speaks protocol version ${version}, this is ${protocolVersion}`,
      });
      return;
    }
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const frame of early) this.#send(frame);
    this.#sendInput();
  }

  #push(stream: Readable, data: Buffer): void {
    if (this.#over || stream.destroyed) return;
    if (!stream.push(data)) {
      this.#stalled.add(stream);
      this.#serial.pause();
    }
  }

  #send(frame: Buffer): void {
    if (this.#over || !this.#serial.writable) return;
    if (this.#early !== undefined) this.#early.push(frame);
    else this.#serial.write(frame);
  }

  /** Sends of the pending write what credit and the line allow; ends the write when all is sent. */
  #sendInput(): void {
    while (this.#pending !== undefined) {
      const { data, done } = this.#pending;
      if (this.#over) {
        this.#pending = undefined;
        done();
        return;
      }
      const size = Math.min(data.length, this.#credit, maxPayloadToGuest);
      if (data.length > 0 && (size === 0 || this.#serial.writableNeedDrain)) return;
      this.#credit -= size;
      if (size > 0) this.#send(stdinFrame(data.subarray(0, size)));
      if (size < data.length) {
        this.#pending = { data: data.subarray(size), done };
      } else {
        this.#pending = undefined;
        done();
      }
    }
  }

  #lost(reason: string): void {
    for (const event of this.#decoder.end()) this.#handle(event);
    this.#finish({ kind: 'lost', reason });
  }

  /** The rest of the line, such as a panic at the very end, still comes as text. */
  #finish(end: GuestEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.stdout.push(null);
    this.stderr.push(null);
    this.#stalled.clear();
    this.#serial.resume();
    this.#sendInput();
    this.#resolve(end);
  }
}

/** The status a shell would show: the application's own, or 128 + signal; 125 when it was lost. */
export function exitStatus(end: GuestEnd): number {
  switch (end.kind) {
    case 'exited':
      return end.code;
    case 'signalled':
      return 128 + end.signal;
    case 'lost':
      return 125;
  }
}
