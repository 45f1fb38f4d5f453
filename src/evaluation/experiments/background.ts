/** Whether calls become slower beside many processes that sleep. */

import { sweep } from './sweep.js';

const axis = { label: 'sleeping processes', scale: 'log' } as const;

export const background = sweep({
  name: 'background',
  title: 'Sleeping processes',
  description: 'null, read and write while 0 to 1024 other processes sleep',
  paper: 'figure 11',
  scope: 'kernel',
  program: 'background',
  memoryMiB: 256,
  parameters: (quick) => ({ bench_loops: quick ? 200 : 1_000, bench_most: 1_024 }),
  metrics: [
    { name: 'null', label: 'null: getppid', axis },
    { name: 'read', label: 'read: 1 byte of /dev/zero', axis },
    { name: 'write', label: 'write: 1 byte to /dev/null', axis },
  ],
  figures: [
    { title: 'Calls beside sleeping processes', kind: 'lines', metrics: ['null', 'read', 'write'] },
  ],
  warmUp: '2 s for the kernel to settle after boot; the same calls with fewer sleepers',
  notes: [],
});
