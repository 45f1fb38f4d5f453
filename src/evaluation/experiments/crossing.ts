/** What entering the kernel costs beside a program's own work: what Kernel Mode Linux can save. */

import { sweep } from './sweep.js';

const axis = { label: 'turns of work between two calls', scale: 'log' } as const;

export const crossing = sweep({
  name: 'crossing',
  title: 'Work between system calls',
  description: 'a null call with N turns of a loop between, against the loop alone',
  paper: 'figure 10',
  scope: 'kernel',
  program: 'crossing',
  memoryMiB: 128,
  parameters: (quick) => ({ bench_loops: quick ? 200 : 1_000 }),
  metrics: [
    { name: 'call', label: 'getppid and the work', axis },
    { name: 'work', label: 'the work alone', axis },
  ],
  figures: [{ title: 'A call and the work between', kind: 'lines', metrics: ['call'] }],
  warmUp: '2 s for the kernel to settle after boot; one call before each loop',
  notes: ['a turn of work is three instructions; without work the loop itself takes seven'],
});
