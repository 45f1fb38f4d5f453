/** The QEMU monitor with a toy guest: consoles, ends, errors, and nothing left behind. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { qemuMonitor, type Monitor, type PortMapping } from '../../../src/monitor/index.js';
import { Bench, isAlive, transcript, until } from './support.js';

let bench: Bench;
let monitor: Monitor;
beforeAll(async () => {
  bench = new Bench();
  monitor = await qemuMonitor();
});
afterAll(() => bench.remove());

describe('the console', () => {
  test('carries every byte both ways', async () => {
    const vm = await monitor.start(bench.vm('e'));
    await until(vm, '\n');
    const all = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
    const sent = Buffer.concat([
      Buffer.from(all.map((b) => (b === 0xfe ? 1 : b))),
      Buffer.from([0xff, 0xfe]),
    ]);
    const answer = transcript(vm);
    // A UART has no flow control: one byte at a time, as slow as the guest reads.
    for (let i = 0; i < sent.length; i += 8) {
      vm.console.write(sent.subarray(i, i + 8));
      await sleep(1);
    }
    expect(await vm.ended).toEqual({ kind: 'shutdown' });
    expect((await answer).equals(sent)).toBe(true);
  });

  test('loses nothing to a slow reader', async () => {
    const vm = await monitor.start(bench.vm('f'));
    await sleep(500);
    const said = await transcript(vm);
    const flood = said.subarray(said.indexOf('\n') + 1);
    expect(flood.length).toBe(300_000);
    expect(flood.every((byte, i) => byte === ((i * 7 + (i >> 8)) & 0xff))).toBe(true);
    expect(await vm.ended).toEqual({ kind: 'shutdown' });
  });

  test('ends, without an error, with input that nobody read', async () => {
    const vm = await monitor.start(bench.vm('h'));
    await until(vm, '\n');
    vm.console.write(Buffer.alloc(1_000_000));
    const closed = once(vm.console, 'close');
    vm.kill();
    expect(await vm.ended).toEqual({ kind: 'killed' });
    await closed;
    vm.console.write('too late');
  });
});

describe('the end of a VM', () => {
  test('without a word is told as too little memory', async () => {
    // Many, since one in some ends just when QEMU is asked how it is, and QEMU then never ends by itself.
    const ends = Array.from({ length: 12 }, async () => {
      const vm = await monitor.start(bench.vm('s'));
      return vm.ended;
    });
    const told = { kind: 'failed', reason: expect.stringMatching(/memory/) as string };
    expect(await Promise.all(ends)).toEqual(ends.map(() => told));
  }, 60_000);

  test('by an aborted signal, before and after the start', async () => {
    const reason = new Error('Ctrl-C');
    await expect(monitor.start(bench.vm('h'), AbortSignal.abort(reason))).rejects.toBe(reason);
    const stop = new AbortController();
    const starting = monitor.start(bench.vm('h'), stop.signal);
    setTimeout(() => stop.abort(reason), 10);
    await expect(starting).rejects.toBe(reason);
    const later = new AbortController();
    const vm = await monitor.start(bench.vm('h'), later.signal);
    later.abort(reason);
    expect(await vm.ended).toEqual({ kind: 'killed' });
  });

  test('by a signal from outside is a failure', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const vm = await monitor.start(bench.vm('h'));
      process.kill(vm.pid, signal);
      expect(await vm.ended).toMatchObject({ kind: 'failed' });
    }
  });

  test('leaves neither process nor file', async () => {
    const config = bench.vm('h');
    const vm = await monitor.start(config);
    vm.kill();
    await vm.ended;
    expect(isAlive(vm.pid)).toBe(false);
    expect(readdirSync(config.directory)).toEqual([]);
  });

  test('comes with the end of the process that started it, even by SIGKILL', async () => {
    const script = `
      import { spawn } from 'node:child_process';
      const [program, ...args] = JSON.parse(process.argv[1]);
      const child = spawn(program, args, { stdio: ['ignore','ignore','ignore','pipe','pipe'], detached: true });
      console.log(child.pid);`;
    // The launch line is the monitor's own, taken from a running VM; only its parent differs.
    const { LAUNCHER } = await import('../../../src/monitor/launcher.js');
    const { qemuArgs } = await import('../../../src/monitor/qemu-args.js');
    const command = [
      'setpriv',
      ...LAUNCHER,
      'PID',
      'qemu-system-x86_64',
      ...qemuArgs(bench.vm('h')),
    ];
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        script.replace(
          'JSON.parse(process.argv[1])',
          `${JSON.stringify(command)}.map((a) => a === 'PID' ? String(process.pid) : a)`,
        ),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    await sleep(500);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
  });
});

describe('what cannot start says why', () => {
  const tcp = (hostPort: number): PortMapping => ({
    hostAddress: '127.0.0.1',
    hostPort,
    guestPort: 80,
    protocol: 'tcp',
  });

  test('a port in use, and by whom', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const start = monitor.start(bench.vm('h', { network: { mode: 'user', ports: [tcp(port)] } }));
    await expect(start).rejects.toMatchObject({
      message: 'the port is in use',
      where: expect.stringMatching(`127.0.0.1:${port}/tcp by .*pid ${process.pid}`) as unknown,
    });
    server.close();
  });

  test('port 0 becomes free ones, and two VMs live side by side', async () => {
    const network = {
      mode: 'user',
      ports: [tcp(0), tcp(0), { ...tcp(0), protocol: 'udp' }],
    } as const;
    const vms = await Promise.all([1, 2].map(() => monitor.start(bench.vm('h', { network }))));
    const tcpPorts = vms.flatMap((vm) => vm.ports.slice(0, 2).map(({ hostPort }) => hostPort));
    expect(new Set(tcpPorts).size).toBe(4);
    expect(tcpPorts).not.toContain(0);
    await Promise.all(vms.map((vm) => until(vm, '\n')));
    vms.forEach((vm) => vm.kill());
    await Promise.all(vms.map((vm) => vm.ended));
  });

  test('a disk in use, and one that is not there', async () => {
    const path = join(bench.directory, 'a,b:c.img');
    writeFileSync(path, '');
    truncateSync(path, 1024 * 1024);
    const disks = [{ path, readOnly: false }];
    const first = await monitor.start(bench.vm('h', { disks }));
    const second = monitor.start(bench.vm('h', { disks }));
    await expect(second).rejects.toMatchObject({
      message: 'the disk is in use by another VM',
      where: path,
    });
    first.kill();
    await first.ended;
    const shared = [{ path, readOnly: true }];
    const readers = await Promise.all(
      [1, 2].map(() => monitor.start(bench.vm('h', { disks: shared }))),
    );
    readers.forEach((vm) => vm.kill());
    await Promise.all(readers.map((vm) => vm.ended));
    const missing = [{ path: '/nowhere/disk.img', readOnly: true }];
    await expect(monitor.start(bench.vm('h', { disks: missing }))).rejects.toMatchObject({
      message: 'no such disk',
    });
  });

  test('too little memory, no kernel, no tap device', async () => {
    await expect(monitor.start(bench.vm('h', { memoryMiB: 1 }))).rejects.toMatchObject({
      message: 'too little memory for the kernel',
    });
    const text = join(bench.directory, 'text');
    writeFileSync(text, 'not a kernel');
    await expect(monitor.start(bench.vm('h', { kernel: text }))).rejects.toMatchObject({
      message: 'not a kernel',
    });
    const network = { mode: 'tap', device: 'lupine-none', mac: '52:54:00:00:00:01' } as const;
    await expect(monitor.start(bench.vm('h', { network }))).rejects.toMatchObject({
      message: 'no such tap device',
      fix: expect.stringContaining('ip tuntap add dev lupine-none mode tap') as unknown,
    });
  });
});
