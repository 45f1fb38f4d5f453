/** Reads the log of a VM, whoever writes it: whole, its end, or as it grows. */

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { isSystemError } from '../support/errors.js';
import { GrowingFile } from '../support/growing-file.js';
import { join } from 'node:path';
import { olderLog, streams, type LogStream } from './log.js';
import { files } from './record.js';
import { isKept, readInstance, type StoredInstance } from './stored.js';

export interface LogLine {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly stream: LogStream;
  readonly data: Buffer;
}

export interface ReadLogOptions {
  /** Only what came at this moment or later. */
  readonly since?: Date | undefined;
  /** Only so many lines, the last ones. */
  readonly tail?: number | undefined;
}

const EntrySchema = v.object({
  time: v.pipe(v.string(), v.isoTimestamp()),
  stream: v.picklist(streams),
  log: v.string(),
  bytes: v.optional(v.pipe(v.string(), v.base64())),
});

/** Milliseconds between two looks at a log that is followed. */
const POLL_MS = 100;

/** @param line of a log file. Undefined where it is none: torn by a kill, or damaged. */
export function parseLogLine(line: string): LogLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = v.safeParse(EntrySchema, value);
  if (!parsed.success) return undefined;
  const { time, stream, log, bytes } = parsed.output;
  return {
    time,
    stream,
    data: bytes === undefined ? Buffer.from(log) : Buffer.from(bytes, 'base64'),
  };
}

/** What is in the log now. @param path of the newer of its two files. */
export async function readLog(path: string, options: ReadLogOptions = {}): Promise<LogLine[]> {
  const texts = await Promise.all([olderLog(path), path].map(readOrNothing));
  return choose(texts.flatMap(parseLines), options);
}

/**
 * What is in the log, and then what comes, until its writer is gone or the reader has had enough.
 * @param path of the newer of the log's two files.
 * @param writing whether anybody still writes it.
 */
export async function* followLog(
  path: string,
  options: ReadLogOptions,
  writing: () => boolean,
  signal?: AbortSignal,
): AsyncGenerator<LogLine> {
  const file = new GrowingFile(path);
  try {
    const older = parseLines(await readOrNothing(olderLog(path)));
    yield* choose([...older, ...parseLines(await file.more())], options);
    for (;;) {
      const last = !writing();
      const text = await file.more();
      yield* choose(parseLines(text), { since: options.since });
      if (signal?.aborted === true || (last && text === '')) return;
      if (text === '') await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await file.close();
  }
}

/** The log of an instance. @param follow until it has ended, or is gone. */
export async function* logOf(
  { id, directory }: StoredInstance,
  options: ReadLogOptions,
  follow: boolean,
  signal?: AbortSignal,
): AsyncGenerator<LogLine> {
  const path = join(directory, files.log);
  if (!follow) return yield* await readLog(path, options);
  const writing = () => {
    try {
      return isKept(readInstance(id));
    } catch {
      return false;
    }
  };
  yield* followLog(path, options, writing, signal);
}

function choose(lines: readonly LogLine[], { since, tail }: ReadLogOptions): LogLine[] {
  const from = since?.toISOString();
  const recent = from === undefined ? [...lines] : lines.filter(({ time }) => time >= from);
  return tail === undefined ? recent : recent.slice(tailStart(recent, tail));
}

/** The index where the last so many lines begin; an entry without a line's end is part of the next. */
function tailStart(lines: readonly LogLine[], count: number): number {
  if (count === 0) return lines.length;
  let found = 0;
  for (let index = lines.length - 1; index > 0; index--) {
    const before = lines[index - 1];
    if (before?.data.at(-1) === 10) found += 1;
    if (found === count) return index;
  }
  return 0;
}

function parseLines(text: string): LogLine[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : (parseLogLine(line) ?? [])));
}

async function readOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error)) return '';
    throw error;
  }
}
