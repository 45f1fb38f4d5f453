import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  encodeProbeSettings,
  encodeSettings,
  type GuestSettings,
} from '../../../src/instance/settings.js';

const least: GuestSettings = { root: { type: 'ext2', access: 'rw' }, argv: ['true'] };
const lines = (settings: Partial<GuestSettings>) =>
  encodeSettings({ ...least, ...settings })
    .toString()
    .split('\0')
    .slice(0, -1);

test('the least there is, version first', () => {
  expect(lines({})).toEqual(['version=1', 'root=ext2', 'access=rw', 'arg=true']);
});

test('a probe needs nothing', () => {
  expect(encodeProbeSettings().toString()).toBe('version=1\0mode=probe\0');
});

test('every setting has its line', () => {
  expect(
    lines({
      root: { type: 'squashfs', device: '/dev/vdb', access: 'overlay' },
      argv: ['redis-server', '', 'a=b'],
      env: ['A=1', 'B='],
      user: 'redis:redis',
      groups: ['44'],
      workdir: '/data',
      hostname: 'r1',
      nameservers: ['10.0.2.3'],
      hosts: ['10.0.2.2 host'],
      network: { address: '10.0.2.15/24', gateway: '10.0.2.2' },
      tmpfs: [{ path: '/run' }, { path: '/tmp', options: 'size=1m' }],
      volumes: [
        { device: '/dev/vdb', path: '/data', readOnly: false },
        { device: '/dev/vdc', path: '/a:b', readOnly: true },
      ],
      limits: [{ resource: 'nofile', soft: 1024, hard: Infinity }],
      stdin: true,
      tty: { rows: 24, columns: 80 },
      clock: 1_600_000_000.7,
      entropy: Uint8Array.of(0, 255),
    }),
  ).toEqual([
    'version=1',
    'root=squashfs',
    'device=/dev/vdb',
    'access=overlay',
    'user=redis:redis',
    'workdir=/data',
    'hostname=r1',
    'address=10.0.2.15/24',
    'gateway=10.0.2.2',
    'stdin=yes',
    'tty=24,80',
    'clock=1600000000',
    'entropy=00ff',
    'arg=redis-server',
    'arg=',
    'arg=a=b',
    'env=A=1',
    'env=B=',
    'group=44',
    'nameserver=10.0.2.3',
    'host=10.0.2.2 host',
    'tmpfs=/run',
    'tmpfs=/tmp:size=1m',
    'volume=/dev/vdb:rw:/data',
    'volume=/dev/vdc:ro:/a:b',
    'rlimit=7:1024:18446744073709551615',
  ]);
});

test('DHCP is told as such', () => {
  expect(lines({ network: 'dhcp' })).toContain('dhcp=yes');
});

test('arguments survive whatever they hold', () => {
  const argument = fc.string({ unit: 'binary' }).filter((s) => !s.includes('\0'));
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1 }), (argv) => {
      const strings = encodeSettings({ ...least, argv })
        .toString()
        .split('\0')
        .slice(3, -1);
      expect(strings).toEqual(argv.map((a) => `arg=${Buffer.from(a).toString()}`));
    }),
  );
});

const bad: readonly [string, Partial<GuestSettings>][] = [
  ['no command', { argv: [] }],
  ['a zero byte in an argument', { argv: ['a\0entropy=00'] }],
  ['an environment line without a name', { env: ['=x'] }],
  ['an environment line without a value', { env: ['x'] }],
  ['a relative working directory', { workdir: 'data' }],
  ['a second line in hosts', { hosts: ['1.2.3.4 a\nevil'] }],
  ['a hostname that is none', { hostname: 'a b' }],
  ['an address without a prefix', { network: { address: '10.0.2.15' } }],
  ['an address out of range', { network: { address: '10.0.2.256/24' } }],
  ['a device elsewhere', { root: { type: 'ext2', access: 'rw', device: '/etc/passwd' } }],
  ['a volume at no place', { volumes: [{ device: '/dev/vdb', path: 'data', readOnly: true }] }],
  ['a volume elsewhere', { volumes: [{ device: '/etc/passwd', path: '/x', readOnly: true }] }],
  ['too much entropy', { entropy: new Uint8Array(257) }],
  ['a fraction of a limit', { limits: [{ resource: 'cpu', soft: 0.5, hard: 1 }] }],
  ['too many bytes', { argv: ['x'.repeat(1 << 20)] }],
];

test.each(bad)('%s is refused', (_what, settings) => {
  expect(() => lines(settings)).toThrow(expect.objectContaining({ name: 'LupineError' }));
});
