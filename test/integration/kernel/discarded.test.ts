/**
 * Kernels whose linker discarded the functions that nobody calls: what Linux finds by tables is still found.
 * Beside the kernel for redis, one for two processors that tests itself (discarded.config), and one program
 * as the first of each (guest/test/bad-pointers.c).
 */

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSections } from '../../../src/kernel/elf.js';
import { silentProgress } from '../../../src/support/progress.js';
import { buildKernels } from '../../../src/unikernel/index.js';
import { exec } from '../../support/exec.js';
import { fullTest, isFull } from '../../support/full.js';
import { redisKernel } from '../../support/kernel.js';

const sources = fileURLToPath(new URL('../../../guest/test', import.meta.url));
const extras = fileURLToPath(new URL('discarded.config', import.meta.url));

/** Minutes of wall time that a machine may run, on a busy host. */
const LIMIT = 20 * 60_000;

let redis = '';
let directory = '';
beforeAll(async () => {
  redis = await redisKernel();
  if (!isFull) return;
  directory = await mkdtemp(join(tmpdir(), 'lupine-discarded-'));
  const program = join(directory, 'bad-pointers');
  await exec('make', ['-s', '-C', sources, 'CC=musl-gcc', `OUT=${directory}`, program]);
  const write = 'cp bad-pointers init && echo init | cpio -o -H newc --quiet > bad-pointers.cpio';
  await exec('sh', ['-c', write], { cwd: directory });
}, 600_000);
afterAll(async () => {
  if (directory !== '') await rm(directory, { recursive: true, force: true });
});

/** What a machine prints until it restarts. */
function boot(kernel: string, processors: number): Promise<string> {
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-M', 'microvm,acpi=off,rtc=on', '-accel', 'tcg,thread=single', '-cpu', 'max'],
      ...['-m', '256', '-smp', String(processors)],
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
      ...['-kernel', kernel, '-initrd', join(directory, 'bad-pointers.cpio')],
      ...['-append', 'console=ttyS0 reboot=t panic=-1 no_timer_check'],
    ],
    { timeout: LIMIT, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString('latin1')));
    child.once('error', reject);
    child.once('close', () => resolve(output.replaceAll('\r', '')));
  });
}

/** The numbers of the calls that gave EFAULT. */
function faulted(output: string): Set<number> {
  return new Set([...output.matchAll(/^EFAULT (\d+) \d+$/gm)].map(([, nr]) => Number(nr)));
}

test('functions that nobody calls are gone, and those that somebody calls are not', async () => {
  const map = await readFile(join(dirname(redis), 'System.map'), 'utf8');
  const names = new Set(map.split('\n').map((line) => line.split(' ')[2]));
  expect(names.has('sg_next')).toBe(true);
  expect(names.has('sg_miter_start')).toBe(false);
});

test('alternatives of one place stand together, in their order', async () => {
  const vmlinux = await readFile(redis);
  const table = readSections(vmlinux).find(({ name }) => name === '.altinstructions');
  if (table === undefined) throw new Error('no alternatives');
  // struct alt_instr of 6.12: where, and what instead, each from its own place.
  const SIZE = 14;
  const seen = new Set<number>();
  let [last, lastReplacement] = [0, 0];
  let nested = 0;
  for (let at = 0; at < table.size; at += SIZE) {
    const place = at + vmlinux.readInt32LE(table.offset + at);
    const replacement = at + 4 + vmlinux.readInt32LE(table.offset + at + 4);
    if (place === last) {
      nested++;
      expect(replacement).toBeGreaterThanOrEqual(lastReplacement);
    } else {
      expect(seen.has(place)).toBe(false);
      seen.add(place);
    }
    [last, lastReplacement] = [place, replacement];
  }
  expect(nested).toBeGreaterThan(50);
});

test('each bug is at an instruction that raises it', async () => {
  const vmlinux = await readFile(redis);
  const sections = readSections(vmlinux);
  const table = sections.find(({ name }) => name === '__bug_table');
  if (table === undefined) throw new Error('no bugs');
  // struct bug_entry without DEBUG_BUGVERBOSE: where, from its own place, and flags.
  const SIZE = 8;
  for (let at = 0; at < table.size; at += SIZE) {
    const address = table.address + BigInt(at + vmlinux.readInt32LE(table.offset + at));
    const code = sections.find(
      ({ executable, address: start, size }) =>
        executable && address >= start && address < start + BigInt(size),
    );
    if (code === undefined) throw new Error(`a bug outside of code: ${address.toString(16)}`);
    const ud2 = vmlinux.readUInt16BE(code.offset + Number(address - code.address));
    expect(ud2).toBe(0x0f0b);
  }
  expect(table.size / SIZE).toBeGreaterThan(1_000);
});

// By number (arch/x86/entry/syscalls/syscall_64.tbl): what a program cannot do without.
const pointers = {
  ...{ read: 0, write: 1, open: 2, stat: 4, fstat: 5, poll: 7, rt_sigaction: 13, readv: 19 },
  ...{ writev: 20, pipe: 22, select: 23, nanosleep: 35, socketpair: 53, sendto: 44, bind: 49 },
  ...{ execve: 59, uname: 63, getcwd: 79, rename: 82, mkdir: 83, gettimeofday: 96, sysinfo: 99 },
  ...{ times: 100, statfs: 137, clock_gettime: 228, futex: 202, openat: 257, prlimit64: 302 },
};

fullTest('a bad pointer is an error of the call, whichever it is', async () => {
  const output = await boot(redis, 1);
  expect(output).toMatch(/^done$/m);
  const found = faulted(output);
  for (const [name, nr] of Object.entries(pointers))
    expect([name, found.has(nr)]).toEqual([name, true]);
  expect(found.size).toBeGreaterThan(140);
});

fullTest(
  'a kernel for two processors passes its own tests, and bad pointers are errors',
  async () => {
    const options = { profile: 'lupine-base', configFiles: [extras] } as const;
    const [built] = await buildKernels([], ['smp'], options, { progress: silentProgress });
    if (built === undefined) throw new Error('no kernel was built');
    const output = await boot(built.vmlinux, 2);
    expect(output).toContain('Checked W+X mappings: passed');
    expect(output.match(/^WARNING: .*$/gm)).toEqual([
      expect.stringContaining('drivers/misc/lkdtm'),
    ]);
    expect(output.match(/^kernel BUG at .*$/gm)).toEqual([
      expect.stringContaining('drivers/misc/lkdtm'),
    ]);
    expect(output).toMatch(/^done$/m);
    expect(faulted(output).size).toBeGreaterThan(100);
  },
);
