/** Init on a kernel that has next to nothing (bare.config): it goes on, and says what is missing. */

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { bareKernel } from '../../support/kernel.js';
import { Boot, buildInit, buildRoots, removeRoots, type BootOptions, type Roots } from './boot.js';

vi.setConfig({ testTimeout: 60_000 });

let init: Buffer;
let roots: Roots;
let kernel: string;
const running = new Set<Boot>();

beforeAll(async () => {
  kernel = await bareKernel();
  init = buildInit();
  roots = await buildRoots();
});
afterEach(() => {
  for (const vm of running) vm.kill();
  running.clear();
});
afterAll(() => removeRoots(roots));

async function run(argv: readonly string[], options: Partial<BootOptions> = {}): Promise<Boot> {
  const settings = { argv, ...options.settings };
  const vm = new Boot({ init, roots, kernel, format: 'initramfs', ...options, settings });
  running.add(vm);
  await vm.end;
  return vm;
}
const warnings = (vm: Boot) => vm.messages.filter((m) => m.severity === 'warning');

test('an application that needs nothing runs, and what is missing is known', async () => {
  const vm = await run(['sh', '-c', 'echo out; echo err >&2; echo x > /dev/null; exit 3']);
  expect(await vm.end).toEqual({ kind: 'exited', code: 3 });
  expect([vm.stdout, vm.stderr]).toEqual(['out\n', 'err\n']);
  expect(warnings(vm)).toEqual([]);
  const options = vm.messages.map((m) => m.option);
  for (const option of ['DEVTMPFS', 'PROC_FS', 'UNIX98_PTYS', 'NET', 'PRINTK']) {
    expect(options).toContain(option);
  }
});

test('a disk without devtmpfs', async () => {
  const vm = await run(['sh', '-c', 'echo 1 > /new && cat /new'], { format: 'ext2' });
  expect(await vm.end).toEqual({ kind: 'exited', code: 0 });
  expect(vm.stdout).toBe('1\n');
});

test('no overlay: the root stays read-only', async () => {
  const vm = await run(['sh', '-c', 'echo 1 > /new || echo read-only'], { format: 'squashfs' });
  expect(vm.stdout).toBe('read-only\n');
  expect(warnings(vm)[0]?.option).toMatch(/^(OVERLAY_FS|TMPFS)$/);
});

test('a file system the kernel cannot read ends it, with the option', async () => {
  const vm = await run(['true'], { format: 'erofs' });
  expect(await vm.end).toEqual({ kind: 'exited', code: 125 });
  expect(vm.messages.at(-1)).toMatchObject({ severity: 'error', option: 'EROFS_FS' });
});

test('scripts end it, with the option', async () => {
  const vm = await run(['script']);
  expect(await vm.end).toEqual({ kind: 'exited', code: 126 });
  expect(vm.messages.at(-1)).toMatchObject({ severity: 'error', option: 'BINFMT_SCRIPT' });
});

test('what was asked for and cannot be had is a warning each', async () => {
  const vm = await run(['sh', '-c', 'cat; echo $HOME'], {
    settings: {
      user: 'web',
      tty: { rows: 24, columns: 80 },
      network: { address: '10.0.2.15/24' },
    },
  });
  expect(await vm.end).toEqual({ kind: 'exited', code: 0 });
  expect(vm.stdout).toBe('/srv\n');
  expect(warnings(vm).map((m) => m.option)).toEqual(['NET', 'MULTIUSER', 'UNIX98_PTYS']);
});
