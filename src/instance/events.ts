/**
 * What happened to instances: one JSON line an event, appended by whoever did it, in a file that is
 * bounded by giving up its older half. Told, not needed: the truth is in the state files.
 */

import { appendFile, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { isSystemError } from '../support/errors.js';
import { lock } from '../support/lock.js';
import { stateDirectory } from '../support/paths.js';

export const actions = [
  'create',
  'start',
  'kill',
  'stop',
  'die',
  'restart',
  'rename',
  'destroy',
] as const;

const EventSchema = v.object({
  time: v.pipe(v.string(), v.isoTimestamp()),
  action: v.picklist(actions),
  id: v.string(),
  name: v.string(),
  image: v.string(),
  /** Of the action: `exitCode`, `signal`, `oldName`. */
  attributes: v.record(v.string(), v.string()),
});
export type InstanceEvent = v.InferOutput<typeof EventSchema>;

/** Of one of the two files. */
const MAX_BYTES = 1024 * 1024;

/** Tells an event. A disk that takes no more costs only the telling. */
export async function tell(
  { id, name, image }: Pick<InstanceEvent, 'id' | 'name' | 'image'>,
  action: InstanceEvent['action'],
  attributes: Readonly<Record<string, string>> = {},
): Promise<void> {
  const time = new Date().toISOString();
  const event: InstanceEvent = { time, action, id, name, image, attributes: { ...attributes } };
  try {
    await mkdir(stateDirectory(), { recursive: true });
    await rotate();
    // One write of one line: appends of many processes do not mix.
    await appendFile(pathOf(0), `${JSON.stringify(event)}\n`, { mode: 0o600 });
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** All events that are kept, oldest first. Lines that are none are left out. */
export async function readEvents(): Promise<InstanceEvent[]> {
  const texts = await Promise.all([pathOf(1), pathOf(0)].map(readOrNothing));
  return texts.flatMap(parseEvents);
}

/** Calls back with each event from now on, until aborted. */
export async function followEvents(
  listener: (event: InstanceEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  let size = await sizeOf(pathOf(0));
  let rest = '';
  while (!signal.aborted) {
    await new Promise((done) => setTimeout(done, POLL_MS));
    const now = await sizeOf(pathOf(0));
    if (now < size) size = 0; // Another file has begun.
    if (now === size) continue;
    const text = rest + (await readFrom(pathOf(0), size, now - size));
    size = now;
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    for (const event of parseEvents(text.slice(0, end))) listener(event);
  }
}

const POLL_MS = 100;

/** @param text lines, any of which may be torn. */
export function parseEvents(text: string): InstanceEvent[] {
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = v.safeParse(EventSchema, JSON.parse(line));
      return parsed.success ? [parsed.output] : [];
    } catch {
      return [];
    }
  });
}

async function rotate(): Promise<void> {
  if ((await sizeOf(pathOf(0))) < MAX_BYTES) return;
  const held = await lock(join(stateDirectory(), '.events.lock'));
  try {
    if ((await sizeOf(pathOf(0))) >= MAX_BYTES) await rename(pathOf(0), pathOf(1));
  } finally {
    await held.release();
  }
}

function pathOf(age: 0 | 1): string {
  return join(stateDirectory(), age === 0 ? 'events.jsonl' : 'events.1.jsonl');
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function readOrNothing(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function readFrom(path: string, offset: number, length: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}
