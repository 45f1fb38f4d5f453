/** Reads what happened to instances, and what happens. */

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { GrowingFile } from '../support/growing-file.js';
import { actions, eventsFile, type InstanceEvent } from './events.js';

const EventSchema = v.object({
  time: v.pipe(v.string(), v.isoTimestamp()),
  action: v.picklist(actions),
  id: v.string(),
  name: v.string(),
  image: v.string(),
  /** Of the action: `exitCode`, `signal`, `oldName`. */
  attributes: v.record(v.string(), v.string()),
});

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
  pass(await readFile(eventsFile(1), 'utf8').catch(() => ''));
  const file = new GrowingFile(eventsFile(0));
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
