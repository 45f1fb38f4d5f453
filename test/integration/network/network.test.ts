/**
 * Networks of VMs, with real VMs on real bridges in a network namespace of the test's own: who reaches whom,
 * what is refused, and what is left after kills.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openMonitor } from '../../../src/monitor/index.js';
import { eventually, killAll, monitorsOf } from '../../support/cli.js';
import { isFull, notHere } from '../../support/full.js';
import { Namespace, networksAbsent } from '../../support/namespace.js';
import { inLab } from '../../support/monitors.js';
import { TICKS } from '../instance/support.js';
import { Networks, nameServers, served } from './support.js';

const absent = await networksAbsent();
if (absent !== undefined) notHere(`networks of VMs (${absent})`);

/** It needs KVM, and its own program. */
const firecracker =
  inLab && (await openMonitor('firecracker').catch(() => undefined)) !== undefined;
if (!firecracker) notHere('networks on Firecracker (npm run lab, with its program)');

/** Moments at which a step is killed. */
const KILLS = isFull ? 30 : 6;

/** Another machine, 198.51.100.2, on a wire to the host. */
async function connect(host: Namespace, outside: Namespace): Promise<void> {
  await host.exec(
    ...['ip', 'link', 'add', 'out0', 'type', 'veth', 'peer', 'name', 'out1'],
    ...['netns', String(outside.pid)],
  );
  const ends = [
    [host, 'out0', '198.51.100.1/24'] as const,
    [outside, 'out1', '198.51.100.2/24'] as const,
  ];
  for (const [place, device, address] of ends) {
    await place.exec('ip', 'address', 'add', address, 'dev', device);
    await place.exec('ip', 'link', 'set', 'dev', device, 'up');
  }
}

describe.skipIf(absent !== undefined)('networks', () => {
  let networks: Networks;

  beforeAll(async () => {
    networks = await Networks.make();
  });
  afterEach(async () => {
    await killAll();
    await networks.clear();
  });
  afterAll(() => networks.remove());

  const create = (...args: string[]) => networks.place.does('network', 'create', ...args);
  const background = (script: string, ...flags: string[]) =>
    networks.place.background(script, ...flags);
  /** What a script in a VM on the network printed. */
  const inVm = (network: string, script: string, ...flags: string[]) =>
    networks.place.does(
      ...['run', '-q', ...networks.place.script(script, '--network', network, ...flags)],
    );
  const fetch = (url: string) => networks.host.exec('curl', '-sS', '-m', '20', url);

  /** The pid of the process that keeps a VM. */
  function keeperOf(id: string): number {
    const text = readFileSync(join(networks.place.state, 'instances', id, 'state.json'), 'utf8');
    return (JSON.parse(text) as { owner: { pid: number } }).owner.pid;
  }

  test('VMs reach each other by name, and the host reaches what they publish', async () => {
    const { place } = networks;
    expect(await create('front')).toBe('front\n');
    await background(served(8080), '--name', 'web', '--network', 'front', '-p', '18080:8080');
    await eventually(async () => expect(await fetch('http://127.0.0.1:18080/name')).toBe('web\n'));
    // From its own address too, and the VM by its address.
    const { vms, gateway, subnet } = await networks.one('front');
    expect([subnet, gateway, vms[0]?.address]).toEqual([
      '10.207.0.0/24',
      '10.207.0.1',
      '10.207.0.2',
    ]);
    expect(await fetch('http://10.207.0.2:8080/name')).toBe('web\n');
    const said = await inVm(
      'front',
      'busybox wget -q -O - http://web:8080/name; busybox nslookup nobody; cat /etc/resolv.conf',
      ...['--name', 'client'],
    ).catch((error: unknown) => String(error));
    expect(said).toMatch(/^web$/m);
    expect(said).toMatch(/can't find nobody: NXDOMAIN/);
    expect(said).toContain('nameserver 10.207.0.1');
    const [vm] = (await place.all()).filter(({ name }) => name === 'web');
    expect(vm?.ports).toMatchObject([{ hostPort: 18080, guestPort: 8080 }]);
    await networks.isTidy();
  });

  test.runIf(firecracker)('on Firecracker, and in its jail, it is the same', async () => {
    await create('front');
    const on = ['--monitor', 'firecracker', '--accel', 'kvm'];
    const web = ['--name', 'web', '--network', 'front', '-p', '18080:8080'];
    await background(served(8080), ...on, ...web);
    await eventually(async () => expect(await fetch('http://127.0.0.1:18080/name')).toBe('web\n'));
    const ask = 'busybox wget -q -O - http://web:8080/name';
    expect(await inVm('front', ask, ...on)).toBe('web\n');
    expect(await inVm('front', ask, ...on, '--jail', '61000:61000')).toBe('web\n');
    // What a jailed one in the background writes stays, as anywhere.
    const writes = 'cat /data/open/n; echo again >/data/open/n';
    const flags = ['--name', 'jailed', '--network', 'front', '--jail', '61000:61000'];
    const id = await background(writes, ...on, ...flags);
    await networks.place.does('wait', id);
    await networks.place.does('start', id);
    await networks.place.does('wait', id);
    expect(await networks.place.logs(id)).toMatch(/^again$/m);
  });

  test('a name comes and goes with its VM', async () => {
    await create('front');
    const id = await background(TICKS, '--name', 'web', '--network', 'front');
    const other = await background(TICKS, '--name', 'other', '--network', 'front');
    await networks.isTidy();
    await networks.place.does('kill', id);
    await networks.place.does('wait', id);
    await networks.isTidy();
    const look = 'busybox nslookup web; busybox nslookup other';
    const said = await inVm('front', look);
    expect(said).toContain("can't find web");
    expect(said).toContain('10.207.0.3');
    await networks.place.does('start', id);
    expect((await networks.one('front')).vms.map(({ name }) => name)).toEqual(['web', 'other']);
    expect(await inVm('front', look)).not.toContain("can't find");
    await networks.place.does('rm', '-f', id, other);
    await networks.isTidy();
  });

  test('a VM gets as far as it may, and no further', async () => {
    const { host } = networks;
    const outside = await Namespace.make();
    try {
      await connect(host, outside);
      host.start('busybox', 'httpd', '-f', '-p', '7000', '-h', '/etc');
      outside.start('busybox', 'httpd', '-f', '-p', '8000', '-h', '/etc');
      await create('open');
      await create('closed', '--internal');
      await background(served(8080), '--name', 'web', '--network', 'closed');
      const { vms } = await networks.one('closed');
      const web = vms[0]?.address ?? '';
      // All of it is there to be reached, by who may.
      await eventually(() => fetch(`http://${web}:8080/name`));
      await fetch('http://10.207.0.1:7000/hostname');
      await fetch('http://198.51.100.2:8000/hostname');
      const reach = (...places: string[]) =>
        places
          .map((one) => `nc -w 2 ${one.replace(':', ' ')} </dev/null && echo ${one}`)
          .join('; ');

      const lie = 'ifconfig eth0 10.207.0.77; ping -c 1 -W 2 10.207.0.1 >/dev/null && echo lied';
      const truth = 'ifconfig eth0 10.207.0.2; ping -c 1 -W 5 10.207.0.1 >/dev/null && echo pong';
      const others = [`${web}:8080`, '10.207.0.1:7000', '198.51.100.1:7000'];
      const script = [reach('198.51.100.2:8000', ...others), lie, truth].join('; ');
      expect(await inVm('open', script, '-u', '0')).toBe('198.51.100.2:8000\npong\n');
      const inner = reach('web:8080', '198.51.100.2:8000', '10.207.1.1:7000');
      expect(await inVm('closed', `${inner}; true`)).toBe('web:8080\n');
      await outside.exec('ip', 'route', 'add', '10.207.0.0/16', 'via', '198.51.100.1');
      await expect(
        outside.exec('curl', '-sS', '-m', '2', `http://${web}:8080/name`),
      ).rejects.toThrow(/curl/);
    } finally {
      await outside.remove();
    }
  });

  test('VMs that come at once have an address each', async () => {
    await create('front');
    const names = ['one', 'two', 'three', 'four', 'five'];
    await Promise.all(names.map((name) => background(TICKS, '--name', name, '--network', 'front')));
    const { vms } = await networks.one('front');
    expect(vms.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(new Set(vms.map(({ address }) => address)).size).toBe(names.length);
    await networks.isTidy();
    await networks.place.does('stop', '-t', '1', ...names);
    await networks.isTidy();
  });

  test('what is wrong is said', async () => {
    const { place, host } = networks;
    await create('front', '--subnet', '10.50.0.0/30');
    const says = async (text: RegExp, ...args: string[]) =>
      expect(await networks.fails(...args)).toMatch(text);
    await says(/there is a network of this name: front/, 'network', 'create', 'front');
    await says(
      /another network has addresses of this subnet: 10\.50\.0\.0\/16: front has 10\.50\.0\.0\/30/,
      ...['network', 'create', 'wide', '--subnet', '10.50.0.0/16'],
    );
    await host.exec('ip', 'address', 'add', '10.60.1.1/24', 'dev', 'lo');
    await says(
      /uses addresses of the subnet elsewhere: 10\.60\.0\.0\/16 of wide, on lo/,
      ...['network', 'create', 'wide', '--subnet', '10.60.0.0/16'],
    );
    await host.exec('ip', 'address', 'delete', '10.60.1.1/24', 'dev', 'lo');
    await host.exec('ip', 'route', 'add', '10.0.0.0/8', 'dev', 'lo');
    await says(/no subnet is free: 10\.207\.0\.0\/16/, 'network', 'create', 'any');
    await host.exec('ip', 'route', 'delete', '10.0.0.0/8', 'dev', 'lo');
    await says(/not a name for a network/, 'network', 'create', '../x');
    await says(/no network can be called so: host/, 'network', 'create', 'host');
    await says(/use 10\.1\.2\.0\/24/, 'network', 'create', 'x', '--subnet', '10.1.2.3/24');
    await says(/no such network: none-such/, 'network', 'rm', 'none-such');
    await says(/no such network: none-such/, 'network', 'inspect', 'none-such');
    const run = (...flags: string[]) => ['run', '-q', ...place.script('exit 0', ...flags)];
    await says(/no such network: none-such/, ...run('--network', 'none-such'));
    await says(
      /a port is published twice: 127\.0\.0\.1:7001\/tcp/,
      ...run('--network', 'front', '-p', '7001:80', '-p', '7001:81'),
    );
    await networks.isTidy();
    const id = await background(TICKS, '--name', 'one', '--network', 'front', '-p', '7001:80');
    await says(/the network is in use: front by one/, 'network', 'rm', 'front');
    await says(/every address of the network is taken/, ...run('--network', 'front'));
    await create('back');
    await says(
      /the port is in use: 127\.0\.0\.1:7001\/tcp by .*\(pid \d+\)/,
      ...run('--network', 'back', '-p', '7001:80'),
    );
    await networks.isTidy();
    await place.does('rm', '-f', id);
    // A device of the name that the next VM's is to have.
    const { bridge } = await networks.one('back');
    await host.exec('ip', 'link', 'add', `${bridge}.2`, 'type', 'bridge');
    await says(/there is another network device of this name/, ...run('--network', 'back'));
    await host.exec('ip', 'link', 'delete', `${bridge}.2`);
    await networks.isTidy();
  });

  test('without root, all is refused but looking', async () => {
    await create('front');
    const { prefix } = networks.host;
    const { lupine } = await import('../../support/cli.js');
    const within = [...prefix, 'setpriv', '--bounding-set=-net_admin', '--inh-caps=-all'];
    const env = { LUPINE_STATE: networks.place.state };
    const less = (...args: string[]) => lupine(args, { env, within });
    const needs = /needs root, for bridges and tap devices: .* NET_ADMIN/;
    expect((await less('network', 'create', 'back')).stderr).toMatch(needs);
    expect((await less('network', 'rm', 'front')).stderr).toMatch(needs);
    const run = ['run', '-q', ...networks.place.script('exit 0', '--network', 'front')];
    expect((await less(...run)).stderr).toMatch(needs);
    expect((await less('network', 'ls', '-q')).stdout).toBe('front\n');
    await networks.isTidy();
  });

  test('the keeper is killed: whoever looks next removes what is left', async () => {
    await create('front');
    const id = await background(TICKS, '--name', 'one', '--network', 'front');
    process.kill(keeperOf(id), 'SIGKILL');
    await eventually(() => expect(monitorsOf(networks.place.state)).toEqual([]));
    expect((await networks.devices()).length).toBe(2);
    await networks.isTidy();
    expect((await networks.devices()).length).toBe(1);
    // And so does who comes next: it has the same address.
    await networks.place.does('start', id);
    process.kill(keeperOf(id), 'SIGKILL');
    await eventually(() => expect(monitorsOf(networks.place.state)).toEqual([]));
    await background(TICKS, '--name', 'two', '--network', 'front');
    expect((await networks.one('front')).vms).toMatchObject([
      { name: 'two', address: '10.207.0.2' },
    ]);
    await networks.isTidy();
  });

  test('the monitor is killed, and the name server', async () => {
    await create('front');
    const id = await background(TICKS, '--network', 'front', '--name', 'one');
    const [server = 0] = nameServers((await networks.one('front')).bridge);
    process.kill(server, 'SIGKILL');
    // The next VM needs one.
    expect(await inVm('front', 'busybox nslookup one')).toContain('10.207.0.2');
    const [monitor] = monitorsOf(networks.place.state);
    process.kill(monitor?.pid ?? 0, 'SIGKILL');
    await networks.place.does('wait', id);
    await networks.isTidy();
  });

  test('a VM that is restarted comes back to its network', async () => {
    await create('front');
    const flags = ['--network', 'front', '--name', 'one', '--restart', 'always'];
    const id = await background('sleep 1; exit 1', ...flags);
    await eventually(async () => expect((await networks.place.vm(id)).restarts).toBeGreaterThan(1));
    await networks.place.does('stop', '-t', '1', id);
    await networks.isTidy();
  });

  test('`run` killed at any moment', async () => {
    await create('front');
    const begin = Date.now();
    await inVm('front', 'exit 0');
    const length = Date.now() - begin;
    for (let kill = 1; kill <= KILLS; kill++) {
      const script = networks.place.script('exit 0', '--network', 'front');
      const run = networks.place.start('run', '-q', ...script);
      await sleep((length * kill) / KILLS);
      run.signal('SIGKILL');
      await run.ended;
      await networks.isTidy();
    }
  });

  test('`network create` and `rm` killed at any moment', async () => {
    const begin = Date.now();
    await create('front');
    const length = Date.now() - begin;
    for (let kill = 1; kill <= KILLS; kill++) {
      // It may be there by now: both verbs are killed in turns.
      const verb = (await networks.all()).length === 0 ? 'create' : 'rm';
      const run = networks.place.start('network', verb, 'front');
      await sleep((length * kill) / KILLS);
      run.signal('SIGKILL');
      await run.ended;
      if (verb === 'create' || (await networks.all()).length > 0) continue;
      expect(await networks.devices()).toEqual([]);
    }
    if ((await networks.all()).length === 0) await create('front');
    expect(await inVm('front', 'ping -c 1 10.207.0.1', '-u', '0')).toContain('1 packets received');
    await networks.isTidy();
  });

  test('after a restart of the machine, the first VM makes the bridge again', async () => {
    const { host, place } = networks;
    await create('front');
    const id = await background(TICKS, '--name', 'one', '--network', 'front');
    const { bridge, vms } = await networks.one('front');
    const [server = 0] = nameServers(bridge);
    // All that runs or is in memory is lost, and the machine is somewhere else now.
    process.kill(keeperOf(id), 'SIGKILL');
    process.kill(server, 'SIGKILL');
    await eventually(() => expect(monitorsOf(place.state)).toEqual([]));
    await host.exec('ip', 'link', 'delete', vms[0]?.tap ?? '');
    await host.exec('ip', 'link', 'delete', bridge);
    await host.exec('nft', 'flush', 'ruleset');
    await host.exec('ip', 'address', 'add', '10.207.0.9/24', 'dev', 'lo');
    expect((await networks.one('front')).vms).toEqual([]);
    expect(await networks.devices()).toEqual([]);
    expect(readdirSync(join(place.state, 'networks/front/endpoints'))).toEqual([]);
    const run = ['run', '-q', ...place.script('exit 0', '--network', 'front')];
    expect(await networks.fails(...run)).toMatch(/uses addresses of the subnet elsewhere/);
    await host.exec('ip', 'address', 'delete', '10.207.0.9/24', 'dev', 'lo');
    expect(await inVm('front', 'ping -c 1 10.207.0.1', '-u', '0')).toContain('1 packets received');
    await networks.isTidy();
  });
});
