/** What it costs to be several processes instead of several threads. */

import { sweep } from './sweep.js';

const axis = { label: 'groups of 20 senders and 20 receivers', scale: 'log' } as const;

export const processes = sweep({
  name: 'processes',
  title: 'Threads and processes',
  description: 'messages of 100 bytes by pipes between threads and between processes',
  paper: 'figure 12',
  scope: 'kernel',
  program: 'processes',
  memoryMiB: 256,
  parameters: (quick) => ({ bench_loops: quick ? 4 : 20, bench_most: quick ? 8 : 16 }),
  metrics: [
    { name: 'threads', label: 'a message between threads', axis },
    { name: 'processes', label: 'a message between processes', axis },
  ],
  figures: [{ title: 'Messages between tasks', kind: 'lines', metrics: ['threads', 'processes'] }],
  warmUp: '2 s for the kernel to settle after boot; all tasks are started before the clock is',
  notes: [
    'the load of `perf bench sched messaging -p`, written anew so that starting and ending the tasks is not measured',
    'pipes and not unix sockets: many specialised kernels have none of these',
  ],
});
