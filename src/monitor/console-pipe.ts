/**
 * A pipe for the console of a monitor that writes to its standard output without ever waiting.
 *
 * Firecracker makes its standard output non-blocking and drops the guest's bytes that do not fit. A pipe of
 * ours holds 64 KB of them (a socket some hundred: each byte is a write), and once `wait` has taken that flag
 * away again, the guest waits for a slow reader as it would for a slow serial line.
 */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

export class ConsolePipe {
  /** What the guest says; it ends when the monitor has, and `close` was called. */
  readonly reader: Socket;
  /** For the monitor's standard output; a descriptor of ours until `close`. */
  readonly writer: number;
  #open = true;

  private constructor(reader: Socket, writer: number) {
    this.reader = reader;
    this.writer = writer;
  }

  /** @param directory for its name, which is gone at once. */
  static async make(directory: string): Promise<ConsolePipe> {
    const path = join(directory, 'console');
    await promisify(execFile)('mkfifo', ['-m', '600', path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY);
    rmSync(path);
    return new ConsolePipe(new Socket({ fd: reader, readable: true, writable: false }), writer);
  }

  /**
   * Lets writers wait for the reader. The flag belongs to the pipe's end, which the monitor shares with us;
   * Node cannot reach it, but makes each descriptor that it gives to a child blocking.
   */
  async wait(): Promise<void> {
    if (!this.#open) return;
    const child = spawn('true', { stdio: ['ignore', this.writer, 'ignore'] });
    await once(child, 'exit').catch(() => undefined);
  }

  /** Our hold on the monitor's end; afterwards the reader ends with the monitor. */
  close(): void {
    if (this.#open) closeSync(this.writer);
    this.#open = false;
  }
}
