/**
 * Programs in ring 0: one kernel with the series `kml`, one program (guest/test/kml.c) as its first, with
 * each C library, under each parameter. What it asks for is what Linux promises everybody.
 */

import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareSource } from '../../../src/kernel/index.js';
import { silentProgress } from '../../../src/support/progress.js';
import { buildKernels } from '../../../src/unikernel/index.js';
import { exec } from '../../support/exec.js';
import { fullTest, isFull } from '../../support/full.js';

const sources = fileURLToPath(new URL('../../../guest/test', import.meta.url));
const extras = fileURLToPath(new URL('kml.config', import.meta.url));

/** Minutes of wall time that a machine may run, on a busy host. */
const LIMIT = 20 * 60_000;

let directory = '';
let kernel = '';

beforeAll(async () => {
  if (!isFull) return;
  directory = await mkdtemp(join(tmpdir(), 'lupine-kml-'));
  const options = { profile: 'lupine-base', configFiles: [extras] } as const;
  const [built] = await buildKernels([], ['kml'], options, { progress: silentProgress });
  if (built === undefined) throw new Error('no kernel was built');
  kernel = built.vmlinux;
  await archive('musl', 'musl-gcc');
  await archive('glibc', 'gcc');
}, 3_600_000);

afterAll(async () => {
  if (directory !== '') await rm(directory, { recursive: true, force: true });
});

/** Compiles the program with a C library; `<library>.cpio` has it as /init and /trusted/kml. */
async function archive(library: string, compiler: string): Promise<void> {
  const out = join(directory, library);
  await exec('make', ['-s', '-C', sources, `CC=${compiler}`, `OUT=${out}`]);
  await mkdir(join(out, 'trusted'));
  await copyFile(join(out, 'kml'), join(out, 'trusted/kml'));
  await rename(join(out, 'kml'), join(out, 'init'));
  const write = 'printf "%s\\n" init trusted trusted/kml | cpio -o -H newc --quiet > "$0"';
  await exec('sh', ['-c', write, archiveOf(library)], { cwd: out });
}

function archiveOf(library: string): string {
  return join(directory, `${library}.cpio`);
}

interface Machine {
  readonly library?: 'musl' | 'glibc';
  readonly parameters: string;
  readonly cpu?: string;
}

/** What the machine prints until it restarts. */
async function boot({ library = 'musl', parameters, cpu = 'max' }: Machine): Promise<string> {
  const { stdout } = await promisify(execFile)(
    'qemu-system-x86_64',
    [
      ...['-M', 'microvm,acpi=off', '-accel', 'tcg', '-cpu', cpu, '-m', '256'],
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
      ...['-kernel', kernel, '-initrd', archiveOf(library)],
      ...['-append', `console=ttyS0 reboot=t panic=-1 no_timer_check ${parameters}`],
    ],
    { timeout: LIMIT, maxBuffer: 16 << 20 },
  );
  return stdout;
}

/** Every test passed, the last line came, and the kernel had nothing to complain of. */
function expectAllOk(output: string): void {
  const results = output.match(/^(not )?ok \d+ - .*$/gm) ?? [];
  expect(results.filter((line) => line.startsWith('not'))).toEqual([]);
  expect(output).toMatch(new RegExp(`^1\\.\\.${results.length}\\r?$`, 'm'));
  expect(results.length).toBeGreaterThan(50);
  expect(output).not.toMatch(/WARNING:|BUG:|Oops|Kernel panic/);
}

test('the series applies after that of every kernel', async () => {
  const context = { progress: silentProgress };
  const { path } = await prepareSource({ kind: 'line', line: '6.12' }, ['lupine', 'kml'], context);
  expect(await readFile(join(path, 'arch/x86/Kconfig'), 'utf8')).toContain(
    'config KERNEL_MODE_LINUX',
  );
});

for (const library of ['musl', 'glibc'] as const) {
  fullTest(`KML: programs of ${library} in ring 0`, async () => {
    const output = await boot({ library, parameters: 'kml=on' });
    expect(output).toContain('# cpl 0');
    expectAllOk(output);
  });

  fullTest(`KML: programs of ${library} with kml=off`, async () => {
    const output = await boot({ library, parameters: 'kml=off' });
    expect(output).toContain('# cpl 3');
    expectAllOk(output);
  });
}

fullTest('KML: call sites left alone', async () => {
  const output = await boot({ parameters: 'kml=on kml_patch=off' });
  expect(output).toContain('call sites are not patched here');
  expectAllOk(output);
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
