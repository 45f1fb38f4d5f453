/**
 * The host's end of a serial line, over a socket to the monitor. When the monitor dies with bytes of
 * ours unread, the kernel reports a reset connection; for a console that is simply its end, and the
 * guest's last bytes must still reach a reader who is slow.
 */

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

export class SerialConsole extends Duplex {
  readonly #socket: Socket;
  #received = 0;

  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
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
    if (!this.#socket.writable) done();
    else this.#socket.write(chunk, () => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
