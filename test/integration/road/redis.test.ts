/** Redis from a real registry, used by its own client, on the kernel made for it. */

import { connect } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { applications, redisCli } from '../../support/applications.js';
import { eventually, freePort, killAll, leftovers, Lupine } from '../../support/cli.js';
import { redisKernel } from '../../support/kernel.js';
import { copyImage } from '../../support/oci.js';
import { type RegistryServer, startRegistry } from '../../support/registry-server.js';

const { redis } = applications;

let scratch: string;
let registry: RegistryServer;
let reference: string;

beforeAll(async () => {
  await redisKernel();
  scratch = await mkdtemp(join(tmpdir(), 'lupine-road-'));
  registry = await startRegistry(scratch, { login: false });
  reference = `${registry.host}/team/redis:7`;
  await copyImage(await redis.image(), `docker://${reference}`);
});
afterEach(killAll);
afterAll(async () => {
  await registry.stop();
  await rm(scratch, { recursive: true });
});

/** True while something listens there. */
function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });
}

test('an image of a registry is used through its port, and SIGTERM stops it', async () => {
  const vm = new Lupine(['run', '-p', '6379', reference]);
  const port = await vm.port(redis.port);
  expect(await redis.use(port)).toEqual(redis.answers);
  expect(vm.said).not.toContain('not in the catalogue');

  vm.signal('SIGTERM');
  const { status, stdout } = await vm.ended;
  expect(status).toBe(redis.stopped);
  expect(stdout).toContain('Redis is now ready to exit, bye bye');
  expect(leftovers(vm.pid)).toEqual([]);
  expect(await listens(port)).toBe(false);
});

test('Ctrl-C stops it as well', async () => {
  const vm = new Lupine(['run', '-q', '-p', `${await freePort()}:6379`, reference]);
  await vm.says('Ready to accept connections');
  vm.signal('SIGINT');
  expect((await vm.ended).status).toBe(0);
});

test('the monitor dies with a `lupine run` that is killed, and the next run tidies up', async () => {
  const port = await freePort();
  const args = ['run', '-q', '-p', `${port}:6379`, reference];
  const killed = new Lupine(args);
  await killed.says('Ready to accept connections');
  killed.signal('SIGKILL');
  await killed.ended;
  await eventually(() => {
    expect(leftovers(killed.pid).filter((name) => name.startsWith('qemu'))).toEqual([]);
  }, 10_000);

  const next = new Lupine(args);
  expect(await eventually(() => redisCli(port, 'PING'))).toBe('PONG');
  expect(leftovers(killed.pid)).toEqual([]);
  next.signal('SIGTERM');
  expect((await next.ended).status).toBe(0);
});

test('a program of this machine runs with what it needs of it', async () => {
  const vm = new Lupine(['run', '-p', '6379', '/usr/bin/redis-server', '--protected-mode', 'no']);
  expect(await redis.use(await vm.port(redis.port))).toEqual(redis.answers);
  vm.signal('SIGTERM');
  expect((await vm.ended).status).toBe(0);
});

test('several VMs at once do not hear of each other', async () => {
  const vms = [1, 2, 3].map(() => new Lupine(['run', '-m', '64M', '-p', '6379', reference]));
  const ports = await Promise.all(vms.map((vm) => vm.port(redis.port)));
  expect(new Set(ports).size).toBe(3);
  for (const [index, port] of ports.entries()) {
    await eventually(() => redisCli(port, 'SET', 'who', `VM ${index}`));
  }
  const said = await Promise.all(ports.map((port) => redisCli(port, 'GET', 'who')));
  expect(said).toEqual(['VM 0', 'VM 1', 'VM 2']);
  for (const vm of vms) vm.signal('SIGTERM');
  expect((await Promise.all(vms.map((vm) => vm.ended))).map(({ status }) => status)).toEqual([
    0, 0, 0,
  ]);
});
