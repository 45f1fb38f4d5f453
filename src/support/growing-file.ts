/** Reads a file of lines that others append to, and replace by a new one when it is full. */

import { open, stat, type FileHandle } from 'node:fs/promises';
import { isSystemError } from './errors.js';

const CHUNK_BYTES = 256 * 1024;

export class GrowingFile {
  readonly #path: string;
  #file: FileHandle | undefined;
  #offset = 0;
  /** The beginning of a line whose end is not there yet. */
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** Whole lines that came since the last call; empty when there are none. */
  async more(): Promise<string> {
    this.#file ??= await this.#open();
    const text = await this.#read();
    if (text !== '' || !(await this.#isReplaced())) return text;
    // All of the old file was read before: what came between is read once more before it is left.
    const last = await this.#read();
    await this.close();
    return last;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#offset = 0;
    this.#rest = Buffer.alloc(0);
  }

  async #open(): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path, 'r');
    } catch (error) {
      if (isSystemError(error)) return undefined;
      throw error;
    }
  }

  async #read(): Promise<string> {
    if (this.#file === undefined) return '';
    const parts: Buffer[] = [this.#rest];
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, this.#offset);
      if (bytesRead === 0) break;
      this.#offset += bytesRead;
      parts.push(chunk.subarray(0, bytesRead));
    }
    const all = Buffer.concat(parts);
    const end = all.lastIndexOf(10) + 1;
    this.#rest = Buffer.from(all.subarray(end));
    return all.subarray(0, end).toString('utf8');
  }

  async #isReplaced(): Promise<boolean> {
    if (this.#file === undefined) return false;
    const [here, there] = await Promise.all([
      this.#file.stat(),
      stat(this.#path).catch(() => undefined),
    ]);
    return there !== undefined && there.ino !== here.ino;
  }
}
