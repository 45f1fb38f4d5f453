/** The evaluation: every experiment of the paper on the user's own machine. */

export { compareResults, type Change } from './compare.js';
export { evaluate, type EvaluationOptions } from './evaluate.js';
export { experiments } from './experiments/index.js';
export { readResults, writeResults, type Results } from './results.js';
export type { Selection } from './subjects.js';
export type { Experiment } from './types.js';
