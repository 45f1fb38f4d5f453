/** What calls of the kernel cost. */

import { sweep } from './sweep.js';

const calls = {
  loop: 'an empty loop (in all others)',
  null: 'null: getppid',
  read: 'read: 1 byte of /dev/zero',
  write: 'write: 1 byte to /dev/null',
  stat: 'stat, tmpfs',
  open: 'open and close, tmpfs',
  pipe: 'a byte through a pipe',
  switch: 'a byte to a process and back, by pipes',
  tcp: 'a byte to a process and back, by TCP',
  unix: 'a byte to a process and back, by a unix socket',
  fork: 'fork, exit, wait',
  exec: 'fork, exec, exit, wait',
  fault: 'first touch of a page',
};

export const syscall = sweep({
  name: 'syscall',
  title: 'System calls',
  description: 'the latency of calls of the kernel, each in a loop of its own',
  paper: 'figure 9, table 5',
  scope: 'kernel',
  program: 'syscall',
  memoryMiB: 128,
  parameters: (quick) => ({ bench_loops: quick ? 2_000 : 10_000 }),
  metrics: Object.entries(calls).map(([name, label]) => ({ name, label })),
  figures: [
    { title: 'Null, read and write', kind: 'bars', metrics: ['null', 'read', 'write'] },
    {
      title: 'All calls, as a part of the baseline',
      kind: 'relative',
      metrics: Object.keys(calls).filter((name) => name !== 'loop'),
    },
  ],
  warmUp: '2 s for the kernel to settle after boot; a tenth of the repetitions before each loop',
  notes: [
    'each value is one turn of a loop; `loop` is what the loop itself takes, and is not subtracted',
  ],
});
