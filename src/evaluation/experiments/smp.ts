/** What support for several processors costs on one. */

import { sweep } from './sweep.js';

const primitives = {
  futex: 'waking a futex, nobody waits',
  semaphore: 'two threads in turns by semaphores',
  thread: 'start and end of a thread',
  yield: 'sched_yield, alone',
};

export const smp = sweep({
  name: 'smp',
  title: 'Multiprocessing on one processor',
  description: 'futexes, semaphores and threads on kernels with and without SMP, one CPU each',
  paper: 'section 5',
  scope: 'kernel',
  program: 'smp',
  memoryMiB: 128,
  parameters: (quick) => ({ bench_loops: quick ? 2_000 : 10_000 }),
  metrics: Object.entries(primitives).map(([name, label]) => ({ name, label })),
  figures: [
    {
      title: 'Primitives of synchronisation, as a part of the baseline',
      kind: 'relative',
      metrics: Object.keys(primitives),
    },
  ],
  warmUp: '2 s for the kernel to settle after boot',
  notes: ['add the variant `smp` to compare the same kernel with and without'],
});
