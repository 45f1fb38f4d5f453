/** Random numbers that a seed makes again: an evaluation can be repeated in the same order. */

import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** @returns a whole number from 0 up to, but without, `below`. */
export type Random = (below: number) => number;

/** @param seed a whole number. */
export function randomOf(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  return (below) => uniformInt(generator, 0, below - 1);
}

/** The same items in random order: each order is equally likely (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(random(left.length), 1));
  return order;
}
