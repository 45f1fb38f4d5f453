/**
 * Servers in ring 0 under load for a minute each, by their own clients: the answers are those of ring 3,
 * the kernel has nothing to complain of, and nearly all system calls come by the gate. A plugin of QEMU
 * counts them at the two entries of the kernel. And stress-ng: what passes in ring 3 passes in ring 0.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { silentProgress } from '../../../src/support/progress.js';
import { buildKernels } from '../../../src/unikernel/index.js';
import { applications, type Application } from '../../support/applications.js';
import { eventually, killAll, lupine, Lupine } from '../../support/cli.js';
import { exec } from '../../support/exec.js';
import { fullTest, isFull } from '../../support/full.js';
import { muslImage, stressImage } from '../../support/images.js';

const SECONDS = 60;
const source = fileURLToPath(new URL('../../support/count-calls.c', import.meta.url));

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lupine-kml-servers-'));
  const plugin = join(directory, 'count-calls.so');
  await exec('gcc', ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-o', plugin, source]);
  await addressesOf(isFull ? 'kml' : 'nokml');
}, 3_600_000);
afterEach(killAll);
afterAll(() => rm(directory, { recursive: true }));

/** Of the entries by SYSCALL and, where it has one, by the gate, of lupine-general; it is built if need be. */
async function addressesOf(variant: 'kml' | 'nokml'): Promise<string[]> {
  const options = { profile: 'lupine-general' } as const;
  const [kernel] = await buildKernels([], [variant], options, { progress: silentProgress });
  const map = await readFile(kernel?.systemMap ?? '', 'utf8');
  return ['entry_SYSCALL_64', 'kml_gate'].flatMap(
    (name) => new RegExp(`^([0-9a-f]+) . ${name}$`, 'm').exec(map)?.[1] ?? [],
  );
}

/** The counts of a VM that runs `body` in its midst. */
async function counted(
  name: string,
  variant: 'kml' | 'nokml',
  image: readonly string[],
  guestPort: number,
  body: (port: number) => Promise<void>,
): Promise<{ syscall: number; gate: number; said: string }> {
  const bin = join(directory, name);
  const counts = `${bin}.counts`;
  const plugin = [join(directory, 'count-calls.so'), `out=${counts}`];
  const addresses = await addressesOf(variant);
  const flags = [...plugin, ...addresses.map((address) => `at=${address}`)].join(',');
  await exec('mkdir', [bin]);
  const qemu = (await exec('which', ['qemu-system-x86_64'])).trim();
  const wrapper = `#!/bin/sh\ncase "$*" in *-kernel*) exec ${qemu} "$@" -plugin ${flags};; *) exec ${qemu} "$@";; esac\n`;
  await writeFile(join(bin, 'qemu-system-x86_64'), wrapper, { mode: 0o755 });
  const kernel = ['--profile', 'lupine-general', '--variant', variant, '--accel', 'tcg'];
  const vm = new Lupine(['run', '--verbose', ...kernel, '-p', String(guestPort), ...image], {
    env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` },
  });
  try {
    const port = await vm.port(guestPort);
    const ended = vm.ended.then(() => Promise.reject(new Error('it ended')));
    await Promise.race([body(port), ended]);
  } catch (error) {
    throw new Error(`it said:\n${vm.said}`, { cause: error });
  }
  vm.signal('SIGTERM');
  await vm.ended;
  const [syscall = 0, gate = 0] = (await readFile(counts, 'utf8')).split('\n').map(Number);
  return { syscall, gate, said: vm.said };
}

async function forAMinute(load: () => Promise<unknown>): Promise<void> {
  const end = Date.now() + SECONDS * 1000;
  while (Date.now() < end) await load();
}

/** Requests with and without keep-alive, none of which may fail. */
async function apacheBench(port: number, path = ''): Promise<void> {
  for (const flags of [['-k'], []]) {
    const requests = ['-q', '-n', '1000', '-c', '4', ...flags, `http://127.0.0.1:${port}/${path}`];
    const said = await exec('ab', requests, { timeout: 300_000 });
    expect(said).toMatch(/^Failed requests: +0$/m);
    expect(said).not.toContain('Non-2xx');
  }
}

const loads: Record<string, (port: number) => Promise<void>> = {
  async redis(port) {
    const where = ['-h', '127.0.0.1', '-p', String(port), '-q'];
    const said = await exec(
      'redis-benchmark',
      [...where, '-n', '2000', '-c', '4', '-t', 'set,get,lpush,lpop'],
      {
        timeout: 300_000,
      },
    );
    expect(said).toContain('LPOP: ');
    expect(said).not.toContain('Error');
  },
  nginx: apacheBench,
  node: apacheBench,
  golang: (port) => apacheBench(port, 'environment'),
  async postgres(port) {
    const where = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres'];
    const database = { env: { ...process.env, PGDATABASE: 'postgres' }, timeout: 300_000 };
    await exec('pgbench', [...where, '-i', '-q'], database);
    const said = await exec('pgbench', [...where, '-T', String(SECONDS), '-c', '2'], database);
    expect(said).toMatch(/number of failed transactions: 0 /);
  },
};

/** What a kernel says when something is wrong with itself. */
const complaints = /WARNING:|BUG:|Oops|Kernel panic|general protection/;

async function underLoad({ name, image, port, use, answers }: Application): Promise<void> {
  const { reference } = await image();
  const { syscall, gate, said } = await counted(
    name,
    'kml',
    [reference],
    port,
    async (published) => {
      // The first answers show that it is up; then load, and the same again where that is the same.
      expect(await use(published)).toEqual(answers);
      await forAMinute(() => loads[name]?.(published) ?? Promise.resolve());
    },
  );
  expect(said).not.toMatch(complaints);
  console.log(`${name}: ${gate} calls by the gate, ${syscall} by SYSCALL`);
  expect(gate / (gate + syscall)).toBeGreaterThan(0.9);
}

const { redis, nginx, postgres, node, golang } = applications;
for (const application of [redis, nginx, postgres, node, golang]) {
  fullTest(`${application.name} in ring 0 under load`, () => underLoad(application));
}

/** What a server of test/support/programs/probe.c says. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (data) => (text += data.toString())).on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

test('calls are counted', async () => {
  const { reference } = await muslImage();
  const connections = 5;
  const { syscall, gate } = await counted(
    'counted',
    'nokml',
    [reference, 'serve', '7777'],
    7777,
    async (port) => {
      await eventually(async () => expect(await greeting(port)).toBe('from the guest\n'));
      for (let made = 0; made < connections; made++) await greeting(port);
    },
  );
  // accept, writev and close for each
  expect(syscall).toBeGreaterThan(3 * connections);
  expect(gate).toBe(0);
});

fullTest('a server of musl in ring 0 under load', async () => {
  const { reference } = await muslImage();
  const { syscall, gate, said } = await counted(
    'musl',
    'kml',
    [reference, 'serve', '7777'],
    7777,
    async (port) => {
      await eventually(async () => expect(await greeting(port)).toBe('from the guest\n'));
      await forAMinute(async () => expect(await greeting(port)).toBe('from the guest\n'));
    },
  );
  expect(said).not.toMatch(complaints);
  console.log(`musl: ${gate} calls by the gate, ${syscall} by SYSCALL`);
  expect(gate / (gate + syscall)).toBeGreaterThan(0.9);
});

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
