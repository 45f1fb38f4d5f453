import { expect, test } from 'vitest';
import { inTurns } from '../../../src/bench/in-turns.js';

test('each is as often first as second', async () => {
  const order: string[] = [];
  const one = (name: string) => () => Promise.resolve(order.push(name));
  const [ours, theirs] = await inTurns(4, one('a'), one('b'));
  expect(order.join('')).toBe('abbaabba');
  expect([ours, theirs]).toEqual([
    [1, 4, 5, 8],
    [2, 3, 6, 7],
  ]);
});
