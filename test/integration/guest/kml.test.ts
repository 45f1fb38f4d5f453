/**
 * Programs in ring 0: one kernel of each line with the series `kml`, one program (guest/test/kml.c) as its
 * first, with each C library, under each parameter. What it asks for is what Linux promises everybody. Beside
 * it, on 6.12, the kernel's own nolibc test, a machine check, and what calls cost (guest/test/kml-cost.c), in
 * instructions.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareSource } from '../../../src/kernel/index.js';
import { silentProgress } from '../../../src/support/progress.js';
import { buildKernels } from '../../../src/unikernel/index.js';
import { exec } from '../../support/exec.js';
import { fullTest, isFull } from '../../support/full.js';

const sources = fileURLToPath(new URL('../../../guest/test', import.meta.url));
const extras = fileURLToPath(new URL('kml.config', import.meta.url));

/** Minutes of wall time that a machine may run, on a busy host. */
const LIMIT = 20 * 60_000;

const context = { progress: silentProgress };

type Line = '6.12' | '6.1';

let directory = '';
const kernels = new Map<string, Promise<string>>();

beforeAll(async () => {
  if (!isFull) return;
  directory = await mkdtemp(join(tmpdir(), 'lupine-kml-'));
  await archives('musl', 'musl-gcc', '-static');
  await archives('glibc', 'gcc', '-static-pie');
  await nolibcArchive();
}, 600_000);

afterAll(async () => {
  if (directory !== '') await rm(directory, { recursive: true, force: true });
});

/** The kernel of a line and variants, built when the first test asks for it. */
function kernelOf(line: Line, variant: string): Promise<string> {
  const name = `${line} ${variant}`;
  const kernel = kernels.get(name) ?? build(line, variant);
  kernels.set(name, kernel);
  return kernel;
}

async function build(line: Line, variant: string): Promise<string> {
  const source = { kind: 'line', line } as const;
  const options = { source, profile: 'lupine-base', configFiles: [extras] } as const;
  const [built] = await buildKernels([], [variant], options, context);
  if (built === undefined) throw new Error('no kernel was built');
  return built.vmlinux;
}

/**
 * Compiles the programs with a C library: `<library>.cpio` has that of the tests as /init and /trusted/kml,
 * `<library>-cost.cpio` and `<library>-mc.cpio` the others.
 */
async function archives(library: string, compiler: string, link: string): Promise<void> {
  const out = join(directory, library);
  await exec('make', ['-s', '-C', sources, `CC=${compiler}`, `LINK=${link}`, `OUT=${out}`]);
  await mkdir(join(out, 'trusted'));
  await copyFile(join(out, 'kml'), join(out, 'trusted/kml'));
  await rename(join(out, 'kml'), join(out, 'init'));
  await archive(library, out, ['init', 'trusted', 'trusted/kml']);
  for (const other of ['cost', 'mc']) {
    await rename(join(out, `kml-${other}`), join(out, 'init'));
    await archive(`${library}-${other}`, out, ['init']);
  }
}

/** The kernel's own test of system calls, of its source. */
async function nolibcArchive(): Promise<void> {
  const { path } = await prepareSource({ kind: 'line', line: '6.12' }, ['lupine', 'kml'], context);
  const out = join(directory, 'nolibc');
  const headers = [
    join(path, 'tools/include/nolibc'),
    '/usr/include/x86_64-linux-gnu',
    '/usr/include',
  ];
  const tests = join(path, 'tools/testing/selftests/nolibc');
  await mkdir(out);
  await exec('gcc', [
    ...['-Os', '-s', '-static', '-nostdlib', '-nostdinc', '-fno-stack-protector', '-std=c89'],
    ...['-fno-asynchronous-unwind-tables', '-w', '-include', 'nolibc.h', '-o', join(out, 'init')],
    ...headers.flatMap((header) => ['-isystem', header]),
    ...[join(tests, 'nolibc-test.c'), join(tests, 'nolibc-test-linkage.c'), '-lgcc'],
  ]);
  await archive('nolibc', out, ['init']);
}

async function archive(name: string, from: string, files: readonly string[]): Promise<void> {
  const write = 'archive=$1; shift; printf "%s\\n" "$@" | cpio -o -H newc --quiet > "$archive"';
  await exec('sh', ['-c', write, 'sh', archiveOf(name), ...files], { cwd: from });
}

function archiveOf(library: string): string {
  return join(directory, `${library}.cpio`);
}

interface Machine {
  readonly line?: Line;
  /** The name of its archive. */
  readonly library?: string;
  readonly parameters: string;
  readonly cpu?: string;
  /** One where it is not said. */
  readonly cpus?: number;
  /** The clock counts instructions, and for a seed of the random numbers does so twice alike. */
  readonly seed?: number;
  /** For QEMU's monitor, a while after the machine has said something. */
  readonly command?: { readonly after: string; readonly text: string };
}

const COUNTING = [
  ...['-icount', 'shift=0,sleep=off'],
  ...['-rtc', 'base=2020-01-01T00:00:00,clock=vm'],
];

/** The kernel of a machine that cannot be switched off, when that was asked for. */
const HALTED = /^reboot: .*System halted/m;

let machines = 0;

/** What the machine prints until it restarts or halts. */
async function boot(machine: Machine): Promise<string> {
  const { line = '6.12', library = 'musl', parameters, cpu = 'max', seed } = machine;
  const { cpus = 1, command } = machine;
  const monitor = join(directory, `monitor-${++machines}`);
  // A file: a pipe may be full, and a machine that halts does not wait until it is not.
  const log = join(directory, `console-${machines}`);
  const kernel = await kernelOf(line, cpus > 1 ? 'kml-smp' : 'kml');
  const serial = await open(log, 'w');
  const counting = seed === undefined ? [] : [...COUNTING, '-seed', String(seed)];
  const tsc = seed === undefined ? '' : 'tsc_early_khz=1000000 tsc=reliable quiet ';
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-M', 'microvm,acpi=off,rtc=on', '-accel', 'tcg', '-smp', String(cpus), '-m', '256'],
      ...['-cpu', seed === undefined ? cpu : `${cpu},-apic`, ...counting],
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
      ...['-kernel', kernel, '-initrd', archiveOf(library)],
      ...['-monitor', `unix:${monitor},server=on,wait=off`],
      ...['-append', `console=ttyS0 reboot=t panic=-1 no_timer_check ${tsc}${parameters}`],
    ],
    { timeout: LIMIT, stdio: ['ignore', serial.fd, serial.fd] },
  );
  const ended = once(child, 'close').then(() => true);
  for (let told = false; ;) {
    const isEnd = await Promise.race([ended, sleep(200, false)]);
    const output = await readFile(log, 'latin1');
    if (isEnd) {
      await serial.close();
      return output;
    }
    if (HALTED.test(output)) child.kill();
    // What was said is behind it by now, and it does what it said.
    if (command !== undefined && !told && output.includes(command.after)) {
      told = true;
      await sleep(500);
      connect(monitor)
        .on('error', () => undefined)
        .write(`${command.text}\n`);
    }
  }
}

/** Every test passed, the last line came, and the kernel had nothing to complain of. */
function expectAllOk(output: string): void {
  const results = output.match(/^(not )?ok \d+ - .*$/gm) ?? [];
  expect(results.filter((line) => line.startsWith('not'))).toEqual([]);
  expect(output).toMatch(new RegExp(`^1\\.\\.${results.length}\\r?$`, 'm'));
  expect(results.length).toBeGreaterThan(50);
  expect(output).not.toMatch(/WARNING:|BUG:|Oops|Kernel panic/);
}

describe.each<Line>(['6.12', '6.1'])('on Linux %s', (line) => {
  test('the series applies after that of every kernel', async () => {
    const { path } = await prepareSource({ kind: 'line', line }, ['lupine', 'kml'], context);
    expect(await readFile(join(path, 'arch/x86/Kconfig'), 'utf8')).toContain(
      'config KERNEL_MODE_LINUX',
    );
  });

  for (const library of ['musl', 'glibc'] as const) {
    fullTest(`KML on ${line}: programs of ${library} in ring 0`, async () => {
      const output = await boot({ line, library, parameters: 'kml=on' });
      expect(output).toContain('# cpl 0');
      expect(output).not.toContain('call sites are not patched');
      expectAllOk(output);
    });

    fullTest(`KML on ${line}: programs of ${library} with kml=off`, async () => {
      const output = await boot({ line, library, parameters: 'kml=off' });
      expect(output).toContain('# cpl 3');
      expectAllOk(output);
    });
  }
});

fullTest('KML: call sites left alone', async () => {
  const output = await boot({ parameters: 'kml=on kml_patch=off' });
  expect(output).toContain('call sites are not patched here');
  expectAllOk(output);
});

fullTest('KML: addresses that are not random', async () => {
  expectAllOk(await boot({ parameters: 'kml=on norandmaps' }));
});

fullTest('KML: a CPU without FSGSBASE', async () => {
  expectAllOk(await boot({ parameters: 'kml=on', cpu: 'max,-fsgsbase' }));
});

fullTest('KML: two CPUs', async () => {
  for (const library of ['musl', 'glibc']) {
    const output = await boot({ library, parameters: 'kml=on', cpus: 2 });
    expect(output).toContain('kml: system call sites are not patched: more than one CPU');
    expect(output).toContain('# cpl 0');
    expectAllOk(output);
  }
});

fullTest('KML: programs that are trusted', async () => {
  const trusted = await boot({ parameters: 'kml=trusted rdinit=/trusted/kml' });
  expect(trusted).toContain('# cpl 0');
  expectAllOk(trusted);
  const other = await boot({ parameters: 'kml=trusted' });
  expect(other).toContain('# cpl 3');
  expectAllOk(other);
});

/**
 * Data that a program loaded was wrong: VAL, UC, EN, MISCV, ADDRV, S, AR, and the code of it; the program can be
 * restarted, but nobody knows where the data was. Linux ends the program, and only it.
 * Source: Intel SDM volume 3, 16.9.3, "Action required".
 */
const MACHINE_CHECK = 'mce 0 5 0xbd80000000000134 7 0 0';

fullTest('KML: a machine check ends the program that it is for', async () => {
  for (const parameters of ['kml=on', 'kml=off']) {
    const said = await boot({
      ...{ library: 'musl-mc', parameters, cpu: 'max,vendor=GenuineIntel' },
      command: { after: 'computing', text: MACHINE_CHECK },
    });
    expect(said).toContain(`ended by signal ${constants.signals.SIGBUS}`);
    expect(said).not.toMatch(/WARNING:|BUG:|Oops|Kernel panic/);
  }
});

fullTest('KML: the nolibc test of the kernel', async () => {
  const [on, off] = await Promise.all(
    ['kml=on quiet', 'kml=off quiet'].map((parameters) => boot({ library: 'nolibc', parameters })),
  );
  for (const output of [on ?? '', off ?? '']) {
    expect(output).toContain('Total number of errors: 0');
    expect(output.match(/\[OK\]/g)?.length).toBeGreaterThan(150);
    expect(output).not.toMatch(/\[FAIL\]|WARNING:|BUG:|Oops/);
  }
});

/**
 * What guest/test/kml-cost.c prints, the last figure of a name; the mean of machines whose programs have other
 * addresses, for what share page tables is luck.
 */
async function costs(library: string, parameters: string): Promise<Record<string, number>> {
  const seeds = [1, 2, 3, 4];
  const sums: Record<string, number> = {};
  for (const seed of seeds) {
    const output = await boot({ library: `${library}-cost`, parameters, seed });
    const lines = [...output.matchAll(/^([a-z-]+) ([\d.]+)\r?$/gm)];
    const figures = new Map(lines.map(([, name = '', figure]) => [name, Number(figure)] as const));
    for (const [name, figure] of figures) sums[name] = (sums[name] ?? 0) + figure / seeds.length;
  }
  return sums;
}

for (const library of ['musl', 'glibc'] as const) {
  fullTest(`KML: what calls cost a program of ${library}`, async () => {
    const off = await costs(library, 'kml=off');
    const on = await costs(library, 'kml=on');
    const ratio = (name: string) => (on[name] ?? NaN) / (off[name] ?? NaN);
    const ratios = Object.fromEntries(Object.keys(off).map((name) => [name, ratio(name)]));
    console.log(library, off, on, ratios);
    expect(ratio('getppid')).toBeLessThan(0.94);
    expect(ratio('exec')).toBeLessThan(1.08);
    expect(ratio('fork')).toBeLessThan(1.08);
    expect(ratio('boot')).toBeLessThan(1.02);
  });
}
