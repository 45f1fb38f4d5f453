/**
 * What every monitor must do alike, on every accelerator that works here: the same guest, the same tests.
 * Monitors that need KVM are tested where it works (`npm run lab`).
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { monitorNames, type Network } from '../../../src/monitor/index.js';
import { testKernel } from '../../support/kernel.js';
import { applications, type Application } from '../../support/applications.js';
import { eventually, killAll, leftovers, Lupine } from '../../support/cli.js';
import { fullTest, notHere } from '../../support/full.js';
import { forward, machines, makeTap, mayMakeTaps, type Machine } from '../../support/monitors.js';
import { Guests, MEMORY_MIB, PATIENCE, ran, says } from './conformance-support.js';
import { isAlive, transcript } from './support.js';

const kernel = await testKernel();
const guests = new Guests(kernel);
const present = await machines(guests.prove);
afterEach(killAll);
afterAll(() => guests.bench.remove());

describe.each(present)('$label', (machine: Machine) => {
  const { monitor } = machine;

  test('exit status, stdout and stderr are the application’s', async () => {
    const { end, stdout, stderr } = await ran(
      await guests.start(machine, 'echo out; echo err >&2; exit 7'),
    );
    expect({ end, stdout, stderr }).toEqual({
      end: { kind: 'exited', code: 7 },
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  test('stdin arrives whole', async () => {
    const instance = await guests.start(machine, 'b md5sum', {}, { stdin: true });
    const sent = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
    const { createHash } = await import('node:crypto');
    instance.console.stdin.end(sent);
    const { end, stdout } = await ran(instance);
    expect(end).toEqual({ kind: 'exited', code: 0 });
    expect(stdout).toContain(createHash('md5').update(sent).digest('hex'));
  });

  test('a slow reader loses nothing', async () => {
    const { console, ended } = await guests.start(machine, 'b seq 1 25000');
    console.stderr.resume();
    await sleep(PATIENCE / 10);
    const said = await text(console.stdout);
    expect(said.split('\n').slice(0, -1)).toEqual(
      Array.from({ length: 25_000 }, (_, i) => String(i + 1)),
    );
    expect(await ended).toEqual({ kind: 'exited', code: 0 });
  });

  test('signals reach the application, and may end it', async () => {
    const script = 'trap "exit 3" TERM; echo ready; while :; do b sleep 0.1; done';
    const listens = await guests.start(machine, script);
    await says(listens, 'ready');
    listens.console.signal(15);
    expect(await listens.ended).toEqual({ kind: 'exited', code: 3 });
    const deaf = await guests.start(machine, 'echo ready; exec /bin/busybox sleep 1000');
    await says(deaf, 'ready');
    deaf.console.signal(9);
    expect(await deaf.ended).toEqual({ kind: 'signalled', signal: 9 });
  });

  test('the guest has the memory that was asked for', async () => {
    const { stdout } = await ran(await guests.start(machine, 'b grep MemTotal /proc/meminfo'));
    const total = Number(/MemTotal: +(\d+) kB/.exec(stdout)?.[1]) / 1024;
    expect(total).toBeGreaterThan(MEMORY_MIB * 0.8);
    expect(total).toBeLessThan(MEMORY_MIB);
  });

  test('disks are vda, vdb, … and what is written to a snapshot is forgotten', async () => {
    const disks = ['first', 'second'].map((name) => {
      const path = join(guests.bench.directory, `${name}-${machine.label}`);
      writeFileSync(path, Buffer.concat([Buffer.from(`${name}\n`), Buffer.alloc(65_536)]));
      return { path, readOnly: name === 'first', snapshot: name === 'second' };
    });
    const script =
      'b head -n 1 /dev/vda; b head -n 1 /dev/vdb; echo x >/dev/vda || echo refused\n' +
      'echo changed >/dev/vdb; b sync; b head -n 1 /dev/vdb';
    const { stdout } = await ran(await guests.start(machine, script, { disks }));
    expect(stdout).toBe('first\nsecond\nrefused\nchanged\n');
    expect(readFileSync(disks[1]?.path ?? '').toString('latin1', 0, 7)).toBe('second\n');
  });

  test('what the kernel lacks is told', async () => {
    const { end, kernel: said } = await ran(
      await guests.start(machine, 'b mount -t configfs none /tmp || exit 5'),
    );
    expect(end).toEqual({ kind: 'exited', code: 5 });
    expect(said.join('\n')).toMatch(/^lupine: .*configfs/m);
  });

  test('a panic ends the VM at once', async () => {
    const vm = await monitor.start(guests.bare(machine, 'exit 3'));
    expect((await transcript(vm)).toString()).toContain('Kernel panic');
    expect(await vm.ended).toEqual({ kind: 'shutdown' });
  });

  test('kill ends it at once', async () => {
    const vm = await monitor.start(guests.bare(machine, 'echo alive; while :; do :; done'));
    expect(isAlive(vm.pid)).toBe(true);
    vm.kill();
    expect(await vm.ended).toEqual({ kind: 'killed' });
    expect(isAlive(vm.pid)).toBe(false);
  });

  test('an abort during the start leaves nothing', async () => {
    const stop = new AbortController();
    const start = monitor.start(guests.bare(machine, 'while :; do :; done'), stop.signal);
    const reason = new Error('Ctrl-C');
    stop.abort(reason);
    await expect(start).rejects.toBe(reason);
  });

  test('it dies with its owner, even by kill -9', async () => {
    expect(await livesAfterOwner(machine)).toEqual([]);
  });

  test.runIf(monitor.capabilities.jail && mayMakeTaps)(
    'in a jail it dies with its owner',
    async () => {
      expect(await livesAfterOwner(machine, { uid: 61_000, gid: 61_000 })).toEqual([]);
    },
  );

  test.runIf(monitor.capabilities.jail && mayMakeTaps)(
    'in a jail the guest is the same',
    async () => {
      const jail = { uid: 61_000, gid: 61_000 };
      const instance = await guests.start(machine, 'echo out; exit 7', { jail });
      expect(await ran(instance)).toMatchObject({
        end: { kind: 'exited', code: 7 },
        stdout: 'out\n',
      });
    },
  );

  for (const mode of monitor.capabilities.networks) {
    if (mode === 'none') continue;
    if (mode === 'tap' && !mayMakeTaps) {
      notHere(`${machine.label}: a tap device (in the lab only)`);
      continue;
    }
    test(`a server in the guest is reached (${mode})`, async () => {
      const { network, url, remove } = await reachable(mode);
      const script =
        'b mkdir /tmp/www; echo from the guest >/tmp/www/page; echo ready; b httpd -f -p 80 -h /tmp/www';
      const address = monitor.guestAddress(network);
      const { address: own = '', gateway = '' } = address ?? {};
      const instance = await guests.start(
        machine,
        script,
        { network },
        { network: { address: own, gateway }, tmpfs: [{ path: '/tmp' }] },
      );
      await says(instance, 'ready');
      await expect
        .poll(() => fetchPage(url(instance.ports[0]?.hostPort ?? 0)), { timeout: PATIENCE })
        .toBe('from the guest\n');
      instance.kill();
      expect(await instance.ended).toEqual({ kind: 'killed' });
      await remove();
    });
  }

  for (const application of [applications.redis, applications.nginx]) {
    const mode = monitor.capabilities.networks.includes('user') ? 'user' : 'tap';
    if (mode === 'tap' && !mayMakeTaps) continue;
    fullTest(`${application.name} on ${machine.label}`, () => serves(machine, application, mode));
  }

  test('what it lacks is refused, naming who has it', async () => {
    const lacking = (['none', 'user', 'tap'] as const).find(
      (mode) => !monitor.capabilities.networks.includes(mode),
    );
    if (lacking !== 'user') return;
    const others = monitorNames.filter((name) => name !== monitor.name);
    await expect(
      guests.start(machine, 'true', { network: { mode: 'user', ports: [] } }),
    ).rejects.toMatchObject({ fix: `use --monitor ${others.join(' or ')}` });
  });
});

/** Processes of a VM that are alive after its owner was killed. */
async function livesAfterOwner(
  { monitor, accelerator }: Machine,
  jail?: { uid: number; gid: number },
): Promise<string[]> {
  const dist = fileURLToPath(new URL('../../../dist/monitor/index.js', import.meta.url));
  const vm = guests.bare({ accelerator }, 'echo alive; while :; do :; done');
  const owner = spawn(
    process.execPath,
    [
      ...['--input-type=module', '-e'],
      `import { openMonitor } from ${JSON.stringify(dist)};
       const monitor = await openMonitor(${JSON.stringify(monitor.name)});
       const vm = await monitor.start(${JSON.stringify({ ...vm, ...(jail === undefined ? {} : { jail }) })});
       console.log(vm.pid);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(owner.stdout, 'data');
  const before = family(owner.pid ?? 0);
  expect(before.length).toBeGreaterThan(0);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  const alive = () => before.filter((pid) => isAlive(Number(pid)));
  await expect.poll(alive, { timeout: PATIENCE }).toEqual([]);
  return alive();
}

/** The processes that a process has started, and those that they have. */
function family(pid: number): string[] {
  const table = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const children = table.flatMap(([child = '', parent]) => (parent === String(pid) ? [child] : []));
  return children.flatMap((child) => [child, ...family(Number(child))]);
}

interface Reachable {
  readonly network: Network;
  readonly url: (hostPort: number) => string;
  readonly remove: () => Promise<void>;
}

async function reachable(mode: 'user' | 'tap'): Promise<Reachable> {
  if (mode === 'user') {
    const port = { hostAddress: '127.0.0.1', hostPort: 0, guestPort: 80, protocol: 'tcp' } as const;
    return {
      network: { mode, ports: [port] },
      url: (hostPort) => `http://127.0.0.1:${hostPort}/page`,
      remove: () => Promise.resolve(),
    };
  }
  const tap = await makeTap();
  const address = { address: `${tap.guest}/30`, gateway: tap.host, nameservers: [] };
  return {
    network: { mode, device: tap.device, mac: '02:00:00:00:00:02', address },
    url: () => `http://${tap.guest}/page`,
    remove: () => tap.remove(),
  };
}

/** An application of the catalogue, by the command line, used by its own client and stopped. */
async function serves(
  { monitor, accelerator }: Machine,
  application: Application,
  mode: 'user' | 'tap',
): Promise<void> {
  const tap = mode === 'tap' ? await makeTap() : undefined;
  const network =
    tap === undefined
      ? ['-p', String(application.port)]
      : ['--network', `tap:${tap.device},ip=${tap.guest}/30,gw=${tap.host}`];
  const { reference } = await application.image();
  const kind = ['--profile', 'lupine-general', '--monitor', monitor.name, '--accel', accelerator];
  const vm = new Lupine(['run', ...kind, ...network, reference]);
  const port =
    tap === undefined
      ? await vm.port(application.port)
      : await forward(tap.guest, application.port);
  if (tap !== undefined) await eventually(() => accepts(tap.guest, application.port), 600_000);
  expect(await application.use(port)).toEqual(application.answers);
  vm.signal('SIGTERM');
  expect((await vm.ended).status).toBe(application.stopped);
  expect(leftovers(vm.pid)).toEqual([]);
  await tap?.remove();
}

async function accepts(host: string, port: number): Promise<void> {
  const socket = connect({ host, port, timeout: 2_000 }).once('timeout', () => socket.destroy());
  await once(socket, 'connect');
  socket.destroy();
}

async function fetchPage(url: string): Promise<string> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text();
  } catch (error) {
    return String(error);
  }
}
