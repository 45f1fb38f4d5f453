/** The experiments of the paper, in its order. */

import type { Experiment } from '../types.js';
import { background } from './background.js';
import { crossing } from './crossing.js';
import { processes } from './processes.js';
import { smp } from './smp.js';
import { syscall } from './syscall.js';

export const experiments: readonly Experiment[] = [syscall, crossing, background, processes, smp];
