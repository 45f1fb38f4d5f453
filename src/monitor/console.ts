/**
 * The host's end of a serial line, over a socket to the monitor, or a pipe each way. When the monitor dies with bytes of
 * ours unread, the kernel reports a reset connection; for a console that is simply its end, and the
 * guest's last bytes must still reach a reader who is slow.
 */

import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { Duplex, type Writable } from 'node:stream';

export class SerialConsole extends Duplex {
  readonly #socket: Socket;
  readonly #out: Writable;
  #received = 0;

  /** @param out where the guest's input goes, where that is not the socket itself. */
  constructor(socket: Socket, out: Writable = socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#out = out;
    out.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.push(null));
    // Destroyed, not only ended: late writes then vanish without an error event.
    this.once('end', () => this.destroy());
  }

  /** Bytes that came from the guest so far. */
  get received(): number {
    return this.#received;
  }

  /** Fulfils when all the guest said was received, or its reader is too slow to wait for. */
  async drained(): Promise<void> {
    if (this.#socket.destroyed || this.#socket.isPaused()) return;
    await new Promise<void>((done) => {
      this.#socket.once('close', () => done());
      this.#socket.once('pause', () => done());
    });
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    // To a VM that is gone: dropped, as by a serial line with nobody at its other end.
    if (!this.#out.writable) done();
    else this.#out.write(chunk, () => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    this.#out.destroy();
    done(error);
  }
}

/**
 * The console of a guest whose instructions are counted: a file that the monitor writes, read when it
 * is whole. A byte to a socket or a pipe may have to wait for its reader, who lives in the host's time;
 * the guest would notice.
 */
export class RecordedConsole extends Duplex {
  readonly #path: string;
  #received = 0;

  constructor(path: string) {
    super();
    this.#path = path;
  }

  get received(): number {
    return this.#received;
  }

  /** To be called when the monitor has ended: what the guest said becomes readable, and then the end. */
  async drained(): Promise<void> {
    // No file: the monitor did not come so far.
    const all = await readFile(this.#path).catch(() => Buffer.alloc(0));
    this.#received = all.length;
    if (all.length > 0) this.push(all);
    this.push(null);
  }

  override _read(): void {
    // Everything comes at once, at the end.
  }

  override _write(_chunk: Buffer, _: BufferEncoding, done: () => void): void {
    // Nothing of the host reaches this guest.
    done();
  }
}
