/**
 * What happened to instances: one JSON line an event, appended by whoever did it, in a file that is
 * bounded by giving up its older half. Told, not needed: the truth is in the state files.
 */

import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../support/errors.js';
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

export interface InstanceEvent {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly action: (typeof actions)[number];
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Of the action: `exitCode`, `signal`, `oldName`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Of one of the two files. */
const MAX_BYTES = 1024 * 1024;

/** Tells an event. A disk that takes no more costs only the telling. */
export async function tell(
  { id, name, image }: Pick<InstanceEvent, 'id' | 'name' | 'image'>,
  action: InstanceEvent['action'],
  attributes: Readonly<Record<string, string>> = {},
): Promise<void> {
  const time = new Date().toISOString();
  const event: InstanceEvent = { time, action, id, name, image, attributes };
  try {
    await mkdir(stateDirectory(), { recursive: true });
    await rotate();
    // One write of one line: appends of many processes do not mix.
    await appendFile(eventsFile(0), `${JSON.stringify(event)}\n`, { mode: 0o600 });
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

async function rotate(): Promise<void> {
  if ((await sizeOf(eventsFile(0))) < MAX_BYTES) return;
  const { lock } = await import('../support/lock.js');
  const held = await lock(join(stateDirectory(), '.events.lock'));
  try {
    if ((await sizeOf(eventsFile(0))) >= MAX_BYTES) await rename(eventsFile(0), eventsFile(1));
  } finally {
    await held.release();
  }
}

/** The file, or the older one before it. */
export function eventsFile(age: 0 | 1): string {
  return join(stateDirectory(), age === 0 ? 'events.jsonl' : 'events.1.jsonl');
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
