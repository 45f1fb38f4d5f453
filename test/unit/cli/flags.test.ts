import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  cpus,
  environment,
  environmentFile,
  kernelOption,
  jail,
  monitorName,
  publish,
  pullPolicy,
  size,
} from '../../../src/cli/flags.js';
import { parseNetwork } from '../../../src/cli/network-flag.js';

afterEach(() => vi.unstubAllEnvs());

describe('--monitor and --jail', () => {
  it('take the names of monitors, and numbers of a user and a group', () => {
    expect(monitorName('firecracker')).toBe('firecracker');
    expect(() => monitorName('xen')).toThrow(/qemu or firecracker/);
    expect(jail('61000:61001')).toEqual({ uid: 61_000, gid: 61_001 });
  });

  it.each(['0:0', '0:1', '1:0', 'nobody', '61000', '-1:2', '1:2:3'])('no jail for %s', (text) => {
    expect(() => jail(text)).toThrow(/UID:GID/);
  });
});

describe('--pull', () => {
  it("knows docker's words", () => {
    expect(['always', 'missing', 'never'].map(pullPolicy)).toEqual(['always', 'missing', 'never']);
  });

  it.each(['', 'Always', 'newer'])('refuses %j', (text) => {
    expect(() => pullPolicy(text)).toThrow('expected always, missing or never');
  });
});

describe('--publish', () => {
  it.each([
    ['8080:80', ['127.0.0.1', 8080, 80, 'tcp']],
    ['80', ['127.0.0.1', 0, 80, 'tcp']],
    ['0.0.0.0:53:53/udp', ['0.0.0.0', 53, 53, 'udp']],
    ['127.0.0.1::80', ['127.0.0.1', 0, 80, 'tcp']],
    ['[::1]:8080:80', ['::1', 8080, 80, 'tcp']],
  ])('reads %s', (text, expected) => {
    const [port] = publish(text);
    expect([port?.hostAddress, port?.hostPort, port?.guestPort, port?.protocol]).toEqual(expected);
  });

  it.each(['', 'x', '80:', '0:80', '70000:80', '80:70000', '999.1.1.1:80:80', '80/sctp', '1:2:3'])(
    'refuses %j',
    (text) => {
      expect(() => publish(text)).toThrow();
    },
  );

  it('collects', () => {
    expect(publish('2', publish('1'))).toHaveLength(2);
  });
});

describe('other flags', () => {
  it('reads sizes as docker does', () => {
    expect(size('64M')).toBe(64 * 2 ** 20);
    expect(size('1g')).toBe(2 ** 30);
    expect(size('512MiB')).toBe(512 * 2 ** 20);
    for (const wrong of ['0', '-1M', '1x', '', 'M', '1e9']) expect(() => size(wrong)).toThrow();
  });

  it('takes whole processors only', () => {
    expect(cpus('2')).toBe(2);
    for (const wrong of ['0', '1.5', 'two', '256']) expect(() => cpus(wrong)).toThrow();
  });

  it('takes a variable of this process by its name', () => {
    vi.stubEnv('LUPINE_TEST_A', 'x=y');
    expect(environment('LUPINE_TEST_A')).toEqual(['LUPINE_TEST_A=x=y']);
    expect(environment('LUPINE_TEST_UNSET')).toEqual([]);
    expect(environment('B=')).toEqual(['B=']);
    expect(() => environment('=x')).toThrow();
  });

  it('reads an environment file, and names the line that is wrong', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'env-'));
    try {
      const file = join(directory, 'env');
      await writeFile(file, '# comment\n\nA=1\r\nB="quoted" # kept\n');
      expect(await environmentFile(file)).toEqual(['A=1', 'B="quoted" # kept']);
      await writeFile(file, 'A=1\nB C=2\n');
      await expect(environmentFile(file)).rejects.toMatchObject({ where: `${file}:2` });
      await expect(environmentFile(join(directory, 'none'))).rejects.toThrow(/environment file/);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('reads kernel options with and without prefix and value', () => {
    expect(kernelOption('EPOLL')).toEqual([{ name: 'EPOLL', value: 'y' }]);
    expect(kernelOption('CONFIG_NR_CPUS=4')).toEqual([{ name: 'NR_CPUS', value: '4' }]);
    expect(() => kernelOption('epoll')).toThrow();
  });
});

describe('--network', () => {
  it('reads its modes', () => {
    expect(parseNetwork('none', [])).toEqual({ mode: 'none' });
    expect(parseNetwork('user', [])).toEqual({ mode: 'user', ports: [] });
    expect(
      parseNetwork('tap:tap0,mac=02:00:00:00:00:01,ip=10.0.0.2/24,gw=10.0.0.1,dns=1.1.1.1', []),
    ).toEqual({
      mode: 'tap',
      device: 'tap0',
      mac: '02:00:00:00:00:01',
      address: { address: '10.0.0.2/24', gateway: '10.0.0.1', nameservers: ['1.1.1.1'] },
    });
  });

  it('makes a locally administered address of one device', () => {
    const network = parseNetwork('tap:tap0', []);
    expect(network).toMatchObject({ mode: 'tap', device: 'tap0' });
    expect(network.mode === 'tap' && parseInt(network.mac.slice(0, 2), 16) & 3).toBe(2);
  });

  it('takes any other word for the name of a network, which can publish ports', () => {
    const ports = publish('80');
    expect(parseNetwork('front', ports)).toEqual({ mode: 'named', name: 'front', ports });
  });

  it.each([
    'bridge',
    'host',
    '-x',
    'a/b',
    'tap:',
    'tap:a/b',
    'tap:t,ip=10.0.0.2',
    'tap:t,ip=10.0.0.2/24',
    'tap:t,x=y',
  ])('refuses %s', (text) => {
    expect(() => parseNetwork(text, [])).toThrow();
  });

  it('publishes no ports where nobody forwards them', () => {
    expect(() => parseNetwork('none', publish('80'))).toThrow(/no port can be published/);
    expect(() => parseNetwork('tap:t', publish('80'))).toThrow(/no port can be published/);
  });
});
