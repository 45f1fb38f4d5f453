/**
 * Writes an image file at any offset, gathering neighbours into large writes. Stretches that are all
 * zero are left as holes: they read the same and cost no disk.
 */

import type { FileHandle } from 'node:fs/promises';

const BATCH = 1024 * 1024;
const ZEROS = Buffer.alloc(BATCH);

export class ImageWriter {
  /** One batch is filled while the other is written. */
  #batch = Buffer.allocUnsafe(BATCH);
  #spare = Buffer.allocUnsafe(BATCH);
  #start = 0;
  #length = 0;
  #writing: Promise<void> = Promise.resolve();

  /** @param unit things start at multiples of this, and what is between them is zero. */
  constructor(
    private readonly file: FileHandle,
    private readonly unit: number,
  ) {}

  /** Every byte of the file may be written once. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const end = this.#start + this.#length;
    const next = Math.ceil(end / this.unit) * this.unit;
    const within = next - this.#start <= BATCH;
    if (this.#length > 0 && within && offset === next) {
      this.#batch.fill(0, this.#length, next - this.#start);
      this.#length = next - this.#start;
    } else if (this.#length === 0 || offset !== end) {
      await this.flush();
      this.#start = offset;
    }
    for (let at = 0; at < bytes.length;) {
      if (this.#length === BATCH) {
        const next = this.#start + BATCH;
        await this.flush();
        this.#start = next;
      }
      const piece = bytes.subarray(at, at + BATCH - this.#length);
      this.#batch.set(piece, this.#length);
      this.#length += piece.length;
      at += piece.length;
    }
  }

  /** Starts the write of what is gathered, after the one before it has ended. */
  async flush(): Promise<void> {
    const pending = this.#writing;
    this.#writing = Promise.resolve();
    await pending;
    if (this.#length === 0) return;
    const batch = this.#batch;
    const bytes = batch.subarray(0, this.#length);
    [this.#batch, this.#spare] = [this.#spare, batch];
    this.#length = 0;
    if (bytes.equals(ZEROS.subarray(0, bytes.length))) return;
    this.#writing = this.#put(bytes, this.#start);
    // The rejection is seen by the next flush; without this Node.js would call it unhandled.
    this.#writing.catch(() => undefined);
  }

  async #put(bytes: Buffer, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.file.write(bytes, at, bytes.length - at, offset + at);
      at += bytesWritten;
    }
  }

  /** Waits until all is written. */
  async end(): Promise<void> {
    await this.flush();
    await this.flush();
  }
}
