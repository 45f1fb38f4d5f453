/** As differential.test.ts, on 6.1, whose language is an older one. */

import { afterAll, expect, test } from 'vitest';
import { Reference } from '../../support/kconfig-reference.js';
import { ARCHITECTURES, compareAll } from './whole.js';

const reference = new Reference();
afterAll(() => reference.close());

test('6.1 for x86_64: all that is no, and all that may be a module', async () => {
  const side = await reference.open('6.1', 'x86_64');
  expect(side.differences({ target: 'allnoconfig' })).toEqual([]);
  expect(side.differences({ target: 'allmodconfig' })).toEqual([]);
});

compareAll(reference, '6.1', ARCHITECTURES.flat());
