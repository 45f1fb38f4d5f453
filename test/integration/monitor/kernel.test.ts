/** The QEMU monitor with a real Linux kernel: what only a kernel can show. */

import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  bootProof,
  chooseAccelerator,
  qemuMonitor,
  type Monitor,
} from '../../../src/monitor/index.js';
import { testKernel } from '../../support/kernel.js';
import { Bench, transcript, until } from './support.js';

let bench: Bench;
let monitor: Monitor;
let kernel: string;
beforeAll(async () => {
  kernel = await testKernel();
  bench = new Bench();
  monitor = await qemuMonitor();
});
afterAll(() => bench.remove());

const prologue = [
  'PATH=/bin; for a in blockdev mount cat reboot ip httpd mknod mkdir head sleep; do busybox ln -s busybox /bin/$a; done',
  'mount -t devtmpfs d /dev; mount -t proc p /proc',
].join('\n');

const boot = (script: string) => ({
  kernel,
  initrd: bench.initrd(`${prologue}\n${script}\nreboot -f`),
  memoryMiB: 64,
  cmdline: 'quiet',
});

test('disks are vda, vdb, … in the order they were given', async () => {
  const disks = ['first', 'second', 'third'].map((text) => {
    const path = join(bench.directory, text);
    writeFileSync(path, `${text}\n`);
    truncateSync(path, 1024 * 1024);
    return { path, readOnly: text !== 'second' };
  });
  const script =
    'for d in a b c; do echo vd$d $(blockdev --getro /dev/vd$d) $(head -n 1 /dev/vd$d); done';
  const vm = await monitor.start(bench.vm('', { ...boot(script), disks }));
  const said = (await transcript(vm)).toString();
  expect(await vm.ended).toEqual({ kind: 'shutdown' });
  expect(said).toMatch(/vda 1 first\s+vdb 0 second\s+vdc 1 third/);
});

test('writes to a snapshot are seen by the guest only', async () => {
  const path = join(bench.directory, 'base');
  writeFileSync(path, Buffer.alloc(1024 * 1024));
  const vm = await monitor.start(
    bench.vm('', {
      ...boot('echo changed >/dev/vda; head -n 1 /dev/vda'),
      disks: [{ path, readOnly: false, snapshot: true }],
    }),
  );
  expect((await transcript(vm)).toString()).toContain('changed');
  const { readFileSync } = await import('node:fs');
  expect(readFileSync(path).every((byte) => byte === 0)).toBe(true);
});

test('a published port reaches a server in the guest', async () => {
  const script = [
    'ip link set lo up; ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up',
    'mkdir /www; echo from the guest >/www/index.html; httpd -p 80 -h /www; echo listening',
    'sleep 60',
  ].join('\n');
  const ports = [
    { hostAddress: '127.0.0.1', hostPort: 0, guestPort: 80, protocol: 'tcp' },
  ] as const;
  const vm = await monitor.start(
    bench.vm('', { ...boot(script), network: { mode: 'user', ports } }),
  );
  await until(vm, 'listening');
  const answer = await fetch(`http://127.0.0.1:${vm.ports[0]?.hostPort ?? 0}/index.html`);
  expect(await answer.text()).toBe('from the guest\n');
  vm.kill();
  expect(await vm.ended).toEqual({ kind: 'killed' });
});

test('a panic ends the VM at once', async () => {
  const vm = await monitor.start(bench.vm('', { ...boot(''), initrd: bench.initrd('exit 3') }));
  expect((await transcript(vm)).toString()).toContain('Kernel panic');
  expect(await vm.ended).toEqual({ kind: 'shutdown' });
});

test('an accelerator is chosen by booting, and the choice boots', async () => {
  const prove = (accelerator: 'kvm' | 'tcg') =>
    bootProof(monitor, bench.vm('', { ...boot('echo alive; sleep 60'), accelerator }), {
      alive: (output) => output.includes('alive'),
      limit: 30_000,
    });
  const { accelerator, reason } = await chooseAccelerator({ monitor, prove });
  expect(reason === undefined).toBe(accelerator === 'kvm');
  expect(await prove(accelerator)).toBeUndefined();
  const again = () => Promise.reject(new Error('the verdict was forgotten'));
  expect(await chooseAccelerator({ monitor, prove: again })).toEqual({
    accelerator,
    ...(reason === undefined ? {} : { reason }),
  });
});

test('a guest that gives no sign of life is given up', async () => {
  const why = await bootProof(monitor, bench.vm('h'), { alive: () => false, limit: 500 });
  expect(why).toContain('within 0.5 s');
});
