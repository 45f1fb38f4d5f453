/** The experiments of the paper, in its order. */

import type { Experiment } from '../types.js';
import { background } from './background.js';
import { boot } from './boot.js';
import { compress } from './compress.js';
import { crossing } from './crossing.js';
import { fork } from './fork.js';
import { memory } from './memory.js';
import { options } from './options.js';
import { processes } from './processes.js';
import { size } from './size.js';
import { smp } from './smp.js';
import { syscall } from './syscall.js';
import { throughput } from './throughput.js';

export const experiments: readonly Experiment[] = [
  options,
  size,
  boot,
  memory,
  syscall,
  crossing,
  background,
  processes,
  smp,
  throughput,
  compress,
  fork,
];
