/**
 * Programs in ring 0: one kernel of each line with the series `kml`, one program (guest/test/kml.c) as its
 * first, with each C library, under each parameter. What it asks for is what Linux promises everybody. Beside
 * it, on 6.12, the kernel's own nolibc test, and what calls cost (guest/test/kml-cost.c), in instructions.
 */

import { spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
const kernels = new Map<Line, Promise<string>>();

beforeAll(async () => {
  if (!isFull) return;
  directory = await mkdtemp(join(tmpdir(), 'lupine-kml-'));
  await archives('musl', 'musl-gcc');
  await archives('glibc', 'gcc');
  await nolibcArchive();
}, 600_000);

afterAll(async () => {
  if (directory !== '') await rm(directory, { recursive: true, force: true });
});

/** The kernel of a line, built when the first test asks for it. */
function kernelOf(line: Line): Promise<string> {
  const kernel = kernels.get(line) ?? build(line);
  kernels.set(line, kernel);
  return kernel;
}

async function build(line: Line): Promise<string> {
  const source = { kind: 'line', line } as const;
  const options = { source, profile: 'lupine-base', configFiles: [extras] } as const;
  const [built] = await buildKernels([], ['kml'], options, context);
  if (built === undefined) throw new Error('no kernel was built');
  return built.vmlinux;
}

/**
 * Compiles the programs with a C library: `<library>.cpio` has that of the tests as /init and /trusted/kml,
 * `<library>-cost.cpio` the other.
 */
async function archives(library: string, compiler: string): Promise<void> {
  const out = join(directory, library);
  await exec('make', ['-s', '-C', sources, `CC=${compiler}`, `OUT=${out}`]);
  await mkdir(join(out, 'trusted'));
  await copyFile(join(out, 'kml'), join(out, 'trusted/kml'));
  await rename(join(out, 'kml'), join(out, 'init'));
  await archive(library, out, ['init', 'trusted', 'trusted/kml']);
  await rename(join(out, 'kml-cost'), join(out, 'init'));
  await archive(`${library}-cost`, out, ['init']);
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
  /** The clock counts instructions, and does so twice alike. */
  readonly counting?: boolean;
}

const COUNTING = [
  ...['-icount', 'shift=0,sleep=off', '-seed', '1'],
  ...['-rtc', 'base=2020-01-01T00:00:00,clock=vm'],
];

/** A program that cannot restart the machine says this last. */
const LAST_WORDS = 'Leaving init with final status';

/** What the machine prints until it restarts or says its last words. */
async function boot(machine: Machine): Promise<string> {
  const { line = '6.12', library = 'musl', parameters, cpu = 'max', counting = false } = machine;
  const kernel = await kernelOf(line);
  const tsc = counting ? 'tsc_early_khz=1000000 tsc=reliable quiet ' : '';
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-M', 'microvm,acpi=off,rtc=on', '-accel', 'tcg,thread=single', '-m', '256'],
      ...['-cpu', counting ? `${cpu},-apic` : cpu, ...(counting ? COUNTING : [])],
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
      ...['-kernel', kernel, '-initrd', archiveOf(library)],
      ...['-append', `console=ttyS0 reboot=t panic=-1 no_timer_check ${tsc}${parameters}`],
    ],
    { timeout: LIMIT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString('latin1');
      if (output.includes(LAST_WORDS)) child.kill();
    });
    child.stderr.on('data', (data: Buffer) => (output += data.toString('latin1')));
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
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

fullTest('KML: programs that are trusted', async () => {
  const trusted = await boot({ parameters: 'kml=trusted rdinit=/trusted/kml' });
  expect(trusted).toContain('# cpl 0');
  expectAllOk(trusted);
  const other = await boot({ parameters: 'kml=trusted' });
  expect(other).toContain('# cpl 3');
  expectAllOk(other);
});

fullTest('KML: the nolibc test of the kernel', async () => {
  const [on, off] = await Promise.all(
    ['kml=on', 'kml=off'].map((parameters) => boot({ library: 'nolibc', parameters })),
  );
  for (const output of [on ?? '', off ?? '']) {
    expect(output).toContain(`${LAST_WORDS}: 0`);
    expect(output.match(/\[OK\]/g)?.length).toBeGreaterThan(150);
    expect(output).not.toMatch(/\[FAIL\]|WARNING:|BUG:|Oops/);
  }
});

/** What guest/test/kml-cost.c prints, the last figure of a name. */
async function costs(library: string, parameters: string): Promise<Record<string, number>> {
  const output = await boot({ library: `${library}-cost`, parameters, counting: true });
  const lines = [...output.matchAll(/^([a-z-]+) ([\d.]+)\r?$/gm)];
  return Object.fromEntries(lines.map(([, name = '', figure]) => [name, Number(figure)] as const));
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
