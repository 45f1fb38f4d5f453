/** The order of runs. */

import { shuffled, type Random } from './random.js';

export interface Turn<T> {
  /** From 0. */
  readonly round: number;
  readonly subject: T;
}

/**
 * Rounds in which every subject has one turn, each round in a new random order: what changes with
 * time (another load on the host, a warmer cache) meets all subjects alike, and the runs of a round
 * are neighbours that can be compared as pairs.
 */
export function schedule<T>(subjects: readonly T[], rounds: number, random: Random): Turn<T>[] {
  return Array.from({ length: rounds }, (_, round) =>
    shuffled(subjects, random).map((subject) => ({ round, subject })),
  ).flat();
}
