/** As differential.test.ts, on 6.12 for the other architectures. */

import { afterAll, expect, test } from 'vitest';
import { Reference } from '../../support/kconfig-reference.js';
import { ARCHITECTURES, compareAll } from './whole.js';

const reference = new Reference();
afterAll(() => reference.close());

test('6.12 for riscv: all that is no', async () => {
  const side = await reference.open('6.12', 'riscv');
  expect(side.differences({ target: 'allnoconfig' })).toEqual([]);
});

compareAll(reference, '6.12', ARCHITECTURES[1]);
