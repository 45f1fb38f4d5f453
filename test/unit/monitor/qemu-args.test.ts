import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { qemuArgs } from '../../../src/monitor/qemu-args.js';
import type { VmConfig } from '../../../src/monitor/types.js';

const plain: VmConfig = {
  name: 'redis',
  kernel: '/k/vmlinux',
  cmdline: 'quiet',
  memoryMiB: 32,
  cpus: 1,
  accelerator: 'tcg',
  disks: [],
  network: { mode: 'none' },
  directory: '/vm',
};

/** The values of an option, in order. */
function valuesOf(vm: Partial<VmConfig>, option: string, tscKhz?: number): string[] {
  const args = qemuArgs({ ...plain, ...vm }, tscKhz);
  return args.flatMap((arg, i) => (arg === option ? [args[i + 1] ?? ''] : []));
}

/** QEMU's own rule (opts_parse): options end at a single comma, a double one is a comma. */
function parseOptions(text: string): Map<string, string> {
  const parts = text.replaceAll(',,', '\0').split(',');
  return new Map(
    parts.map((part) => {
      const [key = '', ...value] = part.replaceAll('\0', ',').split('=');
      return [key, value.join('=')];
    }),
  );
}

test('nothing that was not asked for: no default device, no configuration file, no window', () => {
  const args = qemuArgs(plain);
  expect(args).toEqual(expect.arrayContaining(['-nodefaults', '-no-user-config', '-no-reboot']));
  expect(valuesOf({}, '-display')).toEqual(['none']);
  expect(valuesOf({}, '-device')).toEqual(['virtio-rng-device']);
  expect(args).not.toContain('-netdev');
  expect(args).not.toContain('-initrd');
});

test('QEMU is locked down', () => {
  const [sandbox = ''] = valuesOf({}, '-sandbox');
  for (const rule of ['obsolete', 'elevateprivileges', 'spawn', 'resourcecontrol']) {
    expect(parseOptions(sandbox).get(rule)).toBe('deny');
  }
});

test('the guest ends the VM by rebooting, and talks on the serial line', () => {
  const [line = ''] = valuesOf({}, '-append');
  expect(line.split(' ')).toEqual(['console=ttyS0', 'reboot=t', 'panic=-1', 'quiet']);
});

describe('accelerators', () => {
  test('TCG: every CPU feature; one CPU has no local APIC to calibrate', () => {
    expect(valuesOf({}, '-cpu')).toEqual(['max,-apic']);
    expect(valuesOf({ cpus: 2 }, '-cpu')).toEqual(['max']);
    expect(valuesOf({ cpus: 2 }, '-accel')[0]).toContain('thread=multi');
    expect(valuesOf({ cpus: 2 }, '-smp')).toEqual(['cpus=2']);
  });

  test('TCG: a known time stamp counter is told to the guest', () => {
    expect(valuesOf({}, '-append', 2_500_000)[0]).toContain('tsc_early_khz=2500000 tsc=reliable');
  });

  test('counting: nothing of the host reaches the guest, and its clock is told', () => {
    const vm = { countInstructions: true } as const;
    expect(valuesOf(vm, '-icount')).toEqual(['shift=0,sleep=off']);
    expect(parseOptions(valuesOf(vm, '-rtc')[0] ?? '').get('clock')).toBe('vm');
    expect(valuesOf(vm, '-seed')).toEqual(['1']);
    expect(valuesOf(vm, '-device')).toEqual([]);
    expect(valuesOf(vm, '-append', 2_500_000)[0]).toContain('tsc_early_khz=1000000 tsc=reliable');
    expect(valuesOf(vm, '-chardev')[0]).toBe('file,id=console,path=/vm/console');
    expect(valuesOf({}, '-icount')).toEqual([]);
  });

  test('KVM: the processor as it is, and its own clock', () => {
    const vm = { accelerator: 'kvm' } as const;
    expect(valuesOf(vm, '-accel')).toEqual(['kvm']);
    expect(valuesOf(vm, '-cpu')).toEqual(['host']);
    expect(valuesOf(vm, '-append', 2_500_000)[0]).not.toContain('tsc');
  });
});

describe('disks', () => {
  test('any path reaches QEMU as it is, always raw and locked', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((s) => !s.includes('\0')),
        (path) => {
          const [drive = ''] = valuesOf({ disks: [{ path, readOnly: true }] }, '-drive');
          const options = parseOptions(drive);
          expect(options.get('file.filename')).toBe(path);
          expect(options.get('file.driver')).toBe('file');
          expect(options.get('file.locking')).toBe('on');
          expect(options.get('format')).toBe('raw');
          expect(options.get('readonly')).toBe('on');
          expect(options.has('snapshot')).toBe(false);
        },
      ),
    );
  });

  test('each has its device; a snapshot says so', () => {
    const disks = [
      { path: '/a', readOnly: false },
      { path: '/b', readOnly: false, snapshot: true },
    ];
    const drives = valuesOf({ disks }, '-drive').map(parseOptions);
    expect(drives.map((drive) => drive.get('readonly'))).toEqual(['off', 'off']);
    expect(drives[1]?.get('snapshot')).toBe('on');
    const devices = valuesOf({ disks }, '-device').map(parseOptions);
    const used = devices.flatMap((device) => device.get('drive') ?? []);
    expect(used.toSorted()).toEqual(drives.map((drive) => drive.get('id')));
  });
});

describe('networks', () => {
  test('user mode publishes each port on its address', () => {
    const ports = [
      { hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 80, protocol: 'tcp' },
      { hostAddress: '0.0.0.0', hostPort: 53, guestPort: 5353, protocol: 'udp' },
    ] as const;
    const [netdev = ''] = valuesOf({ network: { mode: 'user', ports } }, '-netdev');
    expect(netdev).toContain(',hostfwd=tcp:127.0.0.1:8080-:80');
    expect(netdev).toContain(',hostfwd=udp:0.0.0.0:53-:5353');
  });

  test('a tap device is opened by name and runs no script', () => {
    const network = { mode: 'tap', device: 'tap0', mac: '52:54:00:00:00:01' } as const;
    const netdev = parseOptions(valuesOf({ network }, '-netdev')[0] ?? '');
    expect(netdev.get('ifname')).toBe('tap0');
    expect([netdev.get('script'), netdev.get('downscript')]).toEqual(['no', 'no']);
    const device = parseOptions(valuesOf({ network }, '-device')[0] ?? '');
    expect(device.get('mac')).toBe(network.mac);
  });
});
