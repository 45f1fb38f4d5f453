/** Measurements of Lupine against what it is judged by: both sides in one run, every run kept. */

import { hostWork } from './host-work.js';
import { kconfig } from './kconfig.js';
import { kernel } from './kernel.js';
import { memory } from './memory.js';
import { ps } from './ps.js';
import { rootfs } from './rootfs.js';
import type { Experiment } from './types.js';

export const experiments: readonly Experiment[] = [hostWork, ps, rootfs, memory, kconfig, kernel];

export type { Experiment, Finding, Outcome, Setup } from './types.js';
