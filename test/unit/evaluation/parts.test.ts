import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bisect } from '../../../src/evaluation/bisect.js';
import { parseInitcalls } from '../../../src/evaluation/experiments/initcalls.js';
import { measurementOf } from '../../../src/evaluation/experiments/throughput.js';
import { encodePlan, serverOf, stepsOf } from '../../../src/evaluation/guest/drive.js';
import { measuringCpu, parseCpuList, parseCpuTimes } from '../../../src/evaluation/machine.js';
import { applicationNamed, loadCatalogue } from '../../../src/manifest/index.js';
import { categoryOf, subsystemOf } from '../../../src/evaluation/subsystems.js';

describe('bisection', () => {
  test('finds every border, and keeps every probe with its failure', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (border) => {
        const trial = (value: number) =>
          Promise.resolve(value >= border ? undefined : 'too little');
        const { floor, probes } = await bisect(trial, 256);
        expect(floor).toBe(border <= 256 ? border : undefined);
        expect(probes.length).toBeLessThanOrEqual(9);
        for (const { value, failure } of probes) {
          expect(failure).toBe(value >= border ? undefined : 'too little');
        }
      }),
    );
  });
});

describe('initcalls', () => {
  const symbols = 'ffffffff81234560 t blake2s_mod_init\nffffffff81234568 T pci_driver_init\n';

  test('by the names of System.map where the kernel logs addresses, the longest first', () => {
    const log = `[    0.01] initcall 0xffffffff81234568 returned 0 after 12 usecs\r
[    0.02] initcall 0xffffffff81234560 returned 0 after 3000 usecs\r\n`;
    expect(parseInitcalls(log, symbols)).toEqual([
      { name: 'blake2s_mod_init', microseconds: 3000 },
      { name: 'pci_driver_init', microseconds: 12 },
    ]);
  });

  test('by their own names where it knows them, once though two consoles print them', () => {
    const line = 'initcall pci_driver_init+0x0/0x20 returned 0 after 12 usecs\n';
    expect(parseInitcalls(line + line, '')).toEqual([
      { name: 'pci_driver_init', microseconds: 12 },
    ]);
  });
});

describe('loads', () => {
  test('take the requests per second from what the clients print', async () => {
    const catalogue = await loadCatalogue();
    const [redis, nginx] = ['redis', 'nginx'].map((name) => applicationNamed(catalogue, name).load);
    if (redis === undefined || nginx === undefined) throw new Error('no loads');
    const csv = (name: string, rps: string) => `"test","rps","avg"\n"${name}","${rps}","0.5"\n`;
    const output = new Map([
      ['get', csv('GET', '30349.01')],
      ['set', csv('SET', '29718')],
    ]);
    expect(measurementOf(redis, output).values).toEqual([
      { metric: 'get', value: 30349.01 },
      { metric: 'set', value: 29718 },
    ]);
    expect(() => measurementOf(redis, new Map([['get', 'Could not connect\n']]))).toThrow(
      'the client gave no figure',
    );
    const ab = 'Complete requests:      10\nRequests per second:    6760.12 [#/sec] (mean)\n';
    const both = new Map(['connection', 'session'].map((name) => [name, ab]));
    expect(measurementOf(nginx, both).values.map(({ value }) => value)).toEqual([6760.12, 6760.12]);
  });

  test('are commands with their number of requests, on the port of the manifest', async () => {
    const redis = applicationNamed(await loadCatalogue(), 'redis');
    if (redis.load === undefined) throw new Error('no load');
    const [get] = stepsOf(redis.load, true);
    expect(get?.command.join(' ')).toBe('/usr/bin/redis-benchmark -t get -n 5000 --csv');
    expect(serverOf(redis)).toEqual({
      command: ['/usr/bin/redis-server', '--save', '', '--appendonly', 'no'],
      port: 6379,
    });
  });
});

test('the plan of a drive', () => {
  const plan = encodePlan({
    server: { command: ['/bin/server', ''], port: 80 },
    steps: [{ name: 'get', command: ['/bin/client', '-n 1'] }],
    disk: true,
  });
  expect(plan.split('\0')).toEqual([
    ...['disk', 'port 80', 'server', 'arg /bin/server', 'arg '],
    ...['step get', 'arg /bin/client', 'arg -n 1', ''],
  ]);
  expect(() => encodePlan({ steps: [{ name: 'a', command: ['x\0y'] }] })).toThrow('zero byte');
});

test('VMs are pinned where time is measured and there are processors enough', () => {
  expect(parseCpuList('0,2-4')).toEqual([0, 2, 3, 4]);
  expect(measuringCpu('kvm', [0, 2, 3, 4])).toBe(4);
  expect(measuringCpu('kvm', [0, 1])).toBeUndefined();
  expect(measuringCpu('tcg', [0, 1, 2, 3])).toBeUndefined();
});

test('the time stolen from a host, without counting guests twice', () => {
  const stat = 'cpu  100 10 50 800 20 0 5 15 90 9\ncpu0 1 1 1 1 1 1 1 1 1 1\n';
  expect(parseCpuTimes(stat)).toEqual({ all: 1000, steal: 15 });
});

test('parts of Linux and the categories of the paper', () => {
  const cases = [
    ['INET', 'net/Kconfig', 'networking', 'application-specific'],
    ['VIRTIO_NET', 'drivers/net/Kconfig', 'networking', 'application-specific'],
    ['SMP', 'arch/x86/Kconfig', 'multiprocessing', 'multiprocessing'],
    ['PID_NS', 'init/Kconfig', 'multiprocessing', 'multiprocessing'],
    ['CRYPTO_AES', 'crypto/Kconfig', 'cryptography', 'application-specific'],
    ['ZLIB_INFLATE', 'lib/Kconfig', 'compression', 'application-specific'],
    ['ACPI_BUTTON', 'drivers/acpi/Kconfig', 'power', 'hardware'],
    ['SERIAL_8250', 'drivers/tty/serial/8250/Kconfig', 'drivers', 'hardware'],
    ['FUTEX', 'init/Kconfig', 'kernel', 'application-specific'],
    ['NOBODY_KNOWS', undefined, 'other', 'application-specific'],
  ] as const;
  for (const [option, file, subsystem, category] of cases) {
    expect([option, subsystemOf(option, file)]).toEqual([option, subsystem]);
    expect(categoryOf(subsystem)).toBe(category);
  }
});
