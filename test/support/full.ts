/**
 * Tests that take long: registered only in `npm run test:full`. Other runs name them at their end
 * (test/support/left-to-full.ts), so that nobody takes a short run for a whole one.
 */

import { appendFileSync } from 'node:fs';
import { test } from 'vitest';

export const isFull = process.env['LUPINE_TEST_FULL'] === '1';

/** Milliseconds: it may compile its own kernel, beside another test that does. */
const LIMIT = 3_600_000;

/** Like `test`, in a full run. */
export function fullTest(name: string, body: () => Promise<void>): void {
  const list = process.env['LUPINE_TEST_LEFT'];
  if (isFull) test(name, body, LIMIT);
  else if (list !== undefined) appendFileSync(list, `${name}\n`);
}
