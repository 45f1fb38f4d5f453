/** The vocabulary of `bench/`: an experiment gives findings, each with every run on both sides. */

import type { Context } from '../support/context.js';

/** One side of a comparison: every run, in the order in which they were made. */
export interface Series {
  readonly name: string;
  readonly runs: readonly number[];
}

/** One line of the report: a figure of ours, beside what it is to be judged by. */
export interface Finding {
  readonly what: string;
  readonly unit: 'ms' | 's' | 'MiB';
  readonly ours: Series;
  /** Measured in the same runs, in turns with ours. */
  readonly reference?: Series;
  readonly goal?: Goal;
}

export interface Goal {
  /** For people: `at most 150 ms`. */
  readonly text: string;
  readonly met: boolean;
}

export interface Outcome {
  readonly findings: readonly Finding[];
  /** What a reader must know of how these figures came about. */
  readonly notes: readonly string[];
}

export interface Setup {
  /** An empty directory, removed afterwards. */
  readonly directory: string;
  /** Runs on each side; each experiment has its own default. */
  readonly runs?: number;
  /** A redis bundle to use instead of a new one. */
  readonly bundle?: string;
  readonly context: Context;
}

export interface Experiment {
  readonly name: string;
  /** One sentence: what is measured against what. */
  readonly description: string;
  /** Takes so long that it runs only when it is asked for. */
  readonly slow?: true;
  run(setup: Setup): Promise<Outcome>;
}
