/** The statistics of the evaluation, and the order of its runs. */

export { medianInterval, type Interval } from './bootstrap.js';
export { compare, type Comparison, type Series } from './compare.js';
export { randomOf, shuffled, type Random } from './random.js';
export { cliffsDelta, holm, rankTest } from './rank-test.js';
export { schedule, type Turn } from './schedule.js';
export { isConstant, median, quantile } from './summary.js';
