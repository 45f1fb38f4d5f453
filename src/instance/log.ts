/**
 * The log of a VM: one JSON line for each line of the application's stdout and stderr and for what
 * Lupine has to say of it, with the time, in the form of docker's json-file. It is bounded: a full
 * file becomes the older of two. A disk that takes no more costs lines, which are counted, never the VM.
 */

import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { isSystemError } from '../support/errors.js';

export const streams = ['stdout', 'stderr', 'lupine'] as const;
export type LogStream = (typeof streams)[number];

export interface LogEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly stream: LogStream;
  /** A line with its end, or the part of one that was there when nothing more came. */
  readonly log: string;
  /** Instead of `log`, where that is not UTF-8: base64. */
  readonly bytes?: string;
}

/** Of one of the two files. */
export const MAX_LOG_BYTES = 16 * 1024 * 1024;

/** Of an entry; a longer line becomes several. */
const MAX_LINE_BYTES = 16 * 1024;

/** Milliseconds for the rest of a line to come. */
const LINE_WAIT = 100;

/** The older of the two files. */
export function olderLog(path: string): string {
  return path.replace(/\.jsonl$/, '.1.jsonl');
}

export class LogWriter {
  readonly #path: string;
  readonly #limit: number;
  #file: number;
  /** Bytes of whole lines in the file. */
  #size: number;
  #lost = 0;
  readonly #partial = new Map<LogStream, Buffer>();
  #timer: NodeJS.Timeout | undefined;

  /** @param path its directory must exist. @param limit bytes of one file. */
  constructor(path: string, limit = MAX_LOG_BYTES) {
    this.#path = path;
    this.#limit = limit;
    this.#file = openSync(path, 'a+', 0o600);
    this.#size = fstatSync(this.#file).size;
    // A writer that was killed may have left a torn line: what follows begins a new one.
    const last = Buffer.alloc(1);
    if (
      this.#size > 0 &&
      readSync(this.#file, last, 0, 1, this.#size - 1) === 1 &&
      last[0] !== 10
    ) {
      this.#size += writeSync(this.#file, '\n');
    }
  }

  /** Takes a part of a stream as it comes. */
  write(stream: LogStream, data: Buffer): void {
    const all = Buffer.concat([this.#partial.get(stream) ?? Buffer.alloc(0), data]);
    const { lines, rest } = splitLines(all);
    this.#partial.set(stream, rest);
    this.#append(lines.map((line) => entry(stream, line)));
    if (rest.length > 0) this.#timer ??= setTimeout(() => this.flush(), LINE_WAIT).unref();
  }

  /** One line of Lupine's own. */
  note(text: string): void {
    this.#append([entry('lupine', Buffer.from(`${text}\n`))]);
  }

  /** Writes lines that have not ended yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [stream, rest] of this.#partial) {
      if (rest.length > 0) this.#append([entry(stream, rest)]);
    }
    this.#partial.clear();
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }

  #append(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    const told = this.#lost === 0 ? [] : [entry('lupine', Buffer.from(lostText(this.#lost)))];
    const text = [...told, ...entries].map((one) => `${JSON.stringify(one)}\n`).join('');
    try {
      if (this.#size >= this.#limit) this.#rotate();
      this.#writeAll(Buffer.from(text));
      this.#lost = 0;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#lost += entries.length;
    }
  }

  /** @throws as write(2) does; no torn line is left then. */
  #writeAll(bytes: Buffer): void {
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
      this.#size += bytes.length;
    } catch (error) {
      ftruncateSync(this.#file, this.#size);
      throw error;
    }
  }

  #rotate(): void {
    renameSync(this.#path, olderLog(this.#path));
    const file = openSync(this.#path, 'a+', 0o600);
    closeSync(this.#file);
    this.#file = file;
    this.#size = 0;
  }
}

function lostText(count: number): string {
  return `${count} log ${count === 1 ? 'entry was' : 'entries were'} lost: the disk took no more\n`;
}

/** Whole lines, or pieces of very long ones; and what has no end yet. */
export function splitLines(data: Buffer): { lines: Buffer[]; rest: Buffer } {
  const lines: Buffer[] = [];
  let from = 0;
  for (;;) {
    const end = data.indexOf(10, from) + 1;
    const length = (end === 0 ? data.length : end) - from;
    if (length > MAX_LINE_BYTES) {
      lines.push(data.subarray(from, from + MAX_LINE_BYTES));
      from += MAX_LINE_BYTES;
    } else if (end === 0) {
      return { lines, rest: Buffer.from(data.subarray(from)) };
    } else {
      lines.push(data.subarray(from, end));
      from = end;
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function entry(stream: LogStream, data: Buffer): LogEntry {
  const time = new Date().toISOString();
  try {
    return { time, stream, log: utf8.decode(data) };
  } catch {
    return { time, stream, log: '', bytes: data.toString('base64') };
  }
}
