/**
 * What happened to instances: one JSON line an event, appended by whoever did it, in a file that is
 * bounded by giving up its older half. Told, not needed: the truth is in the state files.
 */

import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { isSystemError } from '../support/errors.js';
import { GrowingFile } from '../support/growing-file.js';
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

/**
 * Calls back with each event, oldest first, as it comes, until aborted or past a moment.
 * @param since also what was told since then; otherwise only what comes. Lines that are no events are
 * left out.
 */
export async function followEvents(
  listener: (event: InstanceEvent) => void,
  {
    since = new Date(),
    until,
    signal,
  }: { since?: Date | undefined; until?: Date | undefined; signal: AbortSignal },
): Promise<void> {
  const from = since.toISOString();
  const to = until?.toISOString();
  const pass = (text: string) => {
    for (const event of parseEvents(text)) {
      if (event.time >= from && (to === undefined || event.time <= to)) listener(event);
    }
  };
  pass(await readFile(pathOf(1), 'utf8').catch(() => ''));
  const file = new GrowingFile(pathOf(0));
  try {
    for (;;) {
      // What was told before the abort is still passed on.
      const last = signal.aborted;
      pass(await file.more());
      if (last) return;
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await file.close();
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
