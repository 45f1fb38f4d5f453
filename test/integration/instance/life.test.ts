/** Docker's verbs on real VMs that run in the background. */

import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually, killAll } from '../../support/cli.js';
import { fullTest } from '../../support/full.js';
import { Place, TICKS } from './support.js';

let place: Place;
beforeAll(async () => {
  place = await Place.make();
});
afterEach(killAll);
afterAll(() => place.remove());

test('a life: run, ps, logs, kill, rename, stop, start, wait, rm', async () => {
  const id = await place.background(TICKS, '--name', 'one');
  expect(id).toMatch(/^[0-9a-f]{12}$/);
  expect(await place.vm(id)).toMatchObject({ name: 'one', status: 'running', exitCode: null });
  expect((await place.does('ps', '-q')).trim()).toBe(id);
  expect(await place.does('ps')).toMatch(/\/bin\/busybox.* Up .* one\n$/);

  await place.says('one', 'tick 1');
  await place.does('kill', '-s', 'USR1', id.slice(0, 6));
  await place.says('one', 'signal');

  await place.does('rename', 'one', 'two');
  const waiting = place.start('wait', 'two');
  const following = place.start('logs', '-f', '-n', '1', 'two');
  await following.says('tick');
  expect(await place.does('stop', 'two')).toBe('two\n');
  expect((await waiting.ended).stdout).toBe('3\n');
  expect((await following.ended).stdout).toMatch(/told\n$/);
  expect(await place.vm('two')).toMatchObject({ id, status: 'exited', exitCode: 3, error: null });
  expect(await place.does('ps', '-q')).toBe('');
  expect((await place.run('kill', 'two')).stderr).toContain('the VM does not run');

  await place.does('start', 'two');
  expect((await place.run('rm', 'two')).stderr).toContain('the VM runs');
  await place.does('kill', 'two');
  expect(await place.vm('two')).toMatchObject({ status: 'exited', exitCode: 137 });
  expect(await place.does('rm', 'two')).toBe('two\n');
  expect((await place.run('logs', 'two')).stderr).toContain('no such VM: two');
  await place.isTrue();
});

test('what was written is there after a restart; the log goes on', async () => {
  const script =
    'echo x >>/data/kept; wc -l </data/kept; trap "sync; exit 0" TERM; while :; do sleep 0.2; done';
  const id = await place.background(script, '--user', '0');
  await place.says(id, '1\n');
  await place.does('restart', id);
  await place.says(id, '1\n2\n');
  await place.does('rm', '-f', id);
});

test('--rm removes, and says nothing is left', async () => {
  const id = await place.background('echo done', '--rm', '--name', 'brief');
  await eventually(async () => expect(await place.all()).toEqual([]));
  expect((await place.run('inspect', id)).status).toBe(1);
  await place.isTrue();
});

test('a VM in the foreground is one of them', async () => {
  const front = place.start('run', '-q', ...place.script(TICKS, '--name', 'front'));
  await front.says('tick 0');
  expect(await place.vm('front')).toMatchObject({ status: 'running' });
  expect((await place.run('logs', 'front')).stderr).toContain('this VM has no log');
  await place.does('stop', 'front');
  expect(await front.ended).toMatchObject({ status: 3 });
  await place.isTrue();
});

test('restart policies', async () => {
  const failing = await place.background('echo try; exit 5', '--restart', 'on-failure:2');
  await eventually(async () => {
    expect(await place.vm(failing)).toMatchObject({ status: 'exited', exitCode: 5, restarts: 2 });
  });
  expect(await place.logs(failing)).toBe('try\ntry\ntry\n');

  const always = await place.background('echo try; exit 0', '--restart', 'always');
  await eventually(async () => expect((await place.vm(always)).restarts).toBeGreaterThan(1));
  await place.does('stop', always);
  expect(await place.vm(always)).toMatchObject({ status: 'exited' });
  await place.does('rm', failing, always);
  const refused = await place.run('run', ...place.script('exit', '--restart', 'always'));
  expect([refused.status, refused.stderr]).toEqual([125, expect.stringContaining('add -d')]);
});

test('inspect, stats and events tell of it', async () => {
  const events = place.start('events', '--json');
  const id = await place.background(TICKS, '--name', 'seen', '-e', 'SECRET=word', '-p', '8080');
  const [seen] = JSON.parse(await place.does('inspect', 'seen')) as [Record<string, unknown>];
  expect(seen).toMatchObject({ id, name: 'seen', memoryMiB: 48, restart: { policy: 'no' } });
  expect(JSON.stringify(seen)).toContain('SECRET=word');
  const [usage] = JSON.parse(await place.does('stats', '--no-stream', '--json')) as [
    Record<string, number>,
  ];
  expect(usage).toMatchObject({ id, memoryLimitBytes: 48 << 20 });
  expect(usage['memoryBytes']).toBeGreaterThan(10 << 20);
  expect(await place.does('ps')).toMatch(/127\.0\.0\.1:\d+->8080\/tcp/);
  await place.does('rm', '-f', 'seen');
  await events.says('destroy');
  events.signal('SIGINT');
  const told = (await events.ended).stdout.trim().split('\n');
  const actions = told.map((line) => (JSON.parse(line) as { action: string }).action);
  expect(actions).toEqual(['create', 'start', 'kill', 'die', 'destroy']);
});

test('attach brings input and output, and the exit status', async () => {
  const script = 'while read line; do echo got $line; done; exit 9';
  const id = await place.background(script, '-i');
  const input = 'one\n'.repeat(3_000);
  const { status, stdout } = await place.feed(input, 'attach', id);
  expect([status, stdout]).toEqual([9, 'got one\n'.repeat(3_000)]);
  expect((await place.run('attach', id)).stderr).toContain('the VM does not run');
  await place.does('rm', id);
});

test('several at once: who is not there does not keep the others from it', async () => {
  const ids = await Promise.all(
    ['a1', 'a2'].map((name) => place.background(TICKS, '--name', name)),
  );
  const { status, stdout, stderr } = await place.run('stop', 'a1', 'none', 'a2');
  expect([status, stdout]).toEqual([1, 'a1\na2\n']);
  expect(stderr).toContain('no such VM: none');
  await place.does('rm', ...ids);
});

test('the cache keeps what a VM needs; without it, a start says what is gone', async () => {
  const id = await place.background('exit 0');
  await place.does('wait', id);
  rmSync(`${place.bundle}/vmlinux`);
  const { status, stderr } = await place.run('start', id);
  expect([status, stderr]).toEqual([1, expect.stringContaining('is gone: ')]);
  await place.does('rm', id);
  await place.remove();
  place = await Place.make();
});

fullTest('a hundred one after the other lose nothing', async () => {
  for (let count = 0; count < 100; count++) {
    const id = await place.background(`echo number ${count}`);
    expect(await place.does('wait', id)).toBe('0\n');
    expect(await place.logs(id)).toBe(`number ${count}\n`);
    await place.does('rm', id);
  }
  await place.isTrue();
});

fullTest('fifty at once', async () => {
  const ids: string[] = [];
  for (let count = 0; count < 50; count++) {
    ids.push(await place.background(`echo number ${count}; while :; do sleep 60; done`));
  }
  expect((await place.does('ps', '-q')).trim().split('\n')).toHaveLength(50);
  for (const [count, id] of ids.entries()) await place.says(id, `number ${count}\n`);
  await place.isTrue();
  await place.does('rm', '-f', ...ids);
  await place.isTrue();
});
