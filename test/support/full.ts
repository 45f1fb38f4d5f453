/**
 * Tests that not every run has: those that take long are registered only in `npm run test:full`, others need
 * what this machine may lack. A run names both at its end (test/support/left-to-full.ts), so that nobody
 * takes a short run for a whole one.
 */

import { appendFileSync } from 'node:fs';
import { test } from 'vitest';

export const isFull = process.env['LUPINE_TEST_FULL'] === '1';

/** Milliseconds: it may compile its own kernel, beside another test that does. */
const LIMIT = 3_600_000;

/** Like `test`, in a full run. */
export function fullTest(name: string, body: () => Promise<void>): void {
  if (isFull) test(name, body, LIMIT);
  else note('full', name);
}

/** Says what this machine cannot test, and why. */
export function notHere(what: string): void {
  note('absent', what);
}

function note(kind: 'full' | 'absent', what: string): void {
  const list = process.env['LUPINE_TEST_LEFT'];
  if (list !== undefined) appendFileSync(list, `${kind} ${what}\n`);
}
