/**
 * stress-ng on one kernel with its programs in ring 0 and in ring 3: what passes in one passes in the
 * other. The classes that meet the entry code: system calls, signals, memory, processes.
 */

import { afterEach, expect } from 'vitest';
import { killAll, lupine } from '../../support/cli.js';
import { fullTest } from '../../support/full.js';
import { stressImage } from '../../support/images.js';

const stressors = [
  ...[
    'access',
    'dup',
    'env',
    'fcntl',
    'fstat',
    'get',
    'getrandom',
    'kill',
    'nop',
    'null',
    'pipe',
    'poll',
  ],
  ...['prctl', 'rlimit', 'sysinfo', 'udp', 'futex', 'sem', 'timer', 'itimer', 'nanosleep', 'utime'],
  ...[
    'sigabrt',
    'sigchld',
    'sigfd',
    'sigfpe',
    'sigio',
    'signal',
    'signest',
    'sigpending',
    'sigpipe',
    'sigq',
  ],
  ...['sigrt', 'sigsegv', 'sigsuspend', 'sigtrap', 'ptrace', 'longjmp', 'fp-error'],
  ...[
    'brk',
    'fault',
    'madvise',
    'malloc',
    'mmap',
    'mmapfork',
    'mprotect',
    'mremap',
    'remap',
    'stack',
    'stackmmap',
  ],
  ...['vm', 'vm-addr', 'vm-segv', 'zero'],
  ...[
    'fork',
    'vfork',
    'vforkmany',
    'clone',
    'context',
    'daemon',
    'exec',
    'pthread',
    'switch',
    'wait',
    'zombie',
  ],
];

/** Each on its own, so that one that hangs or fails is known by its name. */
const script = `
for stressor in ${stressors.join(' ')}; do
  stress-ng --$stressor 1 --timeout 2 --temp-path /tmp --quiet >/dev/null 2>&1
  echo "$stressor $?"
done`;

afterEach(killAll);

async function results(parameter: string): Promise<{ statuses: string[]; said: string }> {
  const { reference } = await stressImage();
  const kernel = ['--profile', 'lupine-general', '--variant', 'kml', '--append', parameter];
  const vm = ['-m', '512M', '--accel', 'tcg', '--verbose'];
  const { status, stdout, stderr } = await lupine(['run', ...kernel, ...vm, reference, script]);
  expect(status, stderr).toBe(0);
  return { statuses: stdout.trim().split('\n'), said: stderr };
}

fullTest('stress-ng: what passes in ring 3 passes in ring 0', async () => {
  const inRing3 = await results('kml=off');
  const inRing0 = await results('kml=on');
  expect(inRing0.statuses).toEqual(inRing3.statuses);
  expect(inRing0.statuses).toHaveLength(stressors.length);
  expect(inRing0.statuses.filter((line) => line.endsWith(' 0')).length).toBeGreaterThan(60);
  for (const { said } of [inRing0, inRing3]) {
    expect(said).not.toMatch(/WARNING:|BUG:|Oops|Kernel panic/);
  }
});
