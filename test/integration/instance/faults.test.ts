/**
 * Kills at every step of a VM's life, and other misfortune: what `ps` says is true afterwards, and
 * nothing is left of which it does not tell. The kills come at moments spread evenly over the step.
 */

import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually, freePort, killAll, monitorsOf } from '../../support/cli.js';
import { exec } from '../../support/exec.js';
import { isFull } from '../../support/full.js';
import { Place, TICKS } from './support.js';

/** Moments at which a step is killed. */
const KILLS = isFull ? 40 : 8;

let place: Place;
/** Milliseconds that `run -d` and `stop` take here. */
let starting: number;
let stopping: number;

beforeAll(async () => {
  place = await Place.make();
  await place.clear();
  const begin = Date.now();
  const id = await place.background(TICKS);
  starting = Date.now() - begin;
  await place.says(id, 'tick');
  const stop = Date.now();
  await place.does('stop', id);
  stopping = Date.now() - stop;
  await place.clear();
});
afterEach(async () => {
  await killAll();
  await place.clear();
});
afterAll(() => place.remove());

const moments = (length: number) =>
  Array.from({ length: KILLS }, (_, index) => (length * (index + 1)) / KILLS);

/** The pid of the process that keeps a VM. */
function keeperOf(id: string): number {
  const text = readFileSync(join(place.state, 'instances', id, 'state.json'), 'utf8');
  return (JSON.parse(text) as { owner: { pid: number } }).owner.pid;
}

test('`run -d` killed at any moment', async () => {
  for (const moment of moments(starting)) {
    const run = place.start('run', '-d', ...place.script(TICKS, '--name', 'victim'));
    await sleep(moment);
    run.signal('SIGKILL');
    await run.ended;
    await place.isTrue();
    // Its name can be used: by what runs now, or anew.
    if ((await place.all()).length > 0) await place.does('rm', '-f', 'victim');
    await place.isTrue();
  }
});

test('`run -d` interrupted at any moment leaves nothing', async () => {
  for (const moment of moments(starting * 0.9)) {
    const run = place.start('run', '-d', ...place.script(TICKS, '--name', 'victim'));
    await sleep(moment);
    run.signal('SIGINT');
    const { status } = await run.ended;
    await place.isTrue();
    const left = (await place.all()).length;
    expect([status, left]).toEqual(status === 0 ? [0, 1] : [130, 0]);
    if (left > 0) await place.does('rm', '-f', 'victim');
  }
});

test('a foreground `run` killed at any moment', async () => {
  for (const moment of moments(starting)) {
    const run = place.start('run', '-q', ...place.script(TICKS, '--name', 'victim'));
    await sleep(moment);
    run.signal('SIGKILL');
    await run.ended;
    await eventually(() => expect(monitorsOf(place.state)).toEqual([]), 10_000);
    expect(await place.all()).toEqual([]);
    await place.isTrue();
  }
});

test('a keeper killed at any moment takes its VM with it', async () => {
  for (const [index, moment] of moments(starting).entries()) {
    const flags = index % 2 === 0 ? ['--rm'] : [];
    const run = place.start('run', '-d', ...place.script(TICKS, '--name', 'victim', ...flags));
    await sleep(moment / 2);
    const [id] = await eventually(async () => {
      const ids = (await place.all()).filter(({ status }) => status !== 'created');
      expect(ids).toHaveLength(1);
      return ids.map((vm) => vm.id);
    });
    const pid = keeperOf(id ?? '');
    if (pid !== run.pid) process.kill(pid, 'SIGKILL');
    await run.ended;
    await eventually(() => expect(monitorsOf(place.state)).toEqual([]), 10_000);
    await place.isTrue();
    const [left] = await place.all();
    if (flags.length > 0) expect(left).toBeUndefined();
    // One that had not come to run is not there either.
    if (left !== undefined) {
      expect(left).toMatchObject({ status: 'exited', exitCode: 255 });
      await place.does('start', 'victim');
      expect(await place.vm('victim')).toMatchObject({ status: 'running' });
      await place.does('rm', '-f', 'victim');
    }
  }
});

test('a monitor that is killed: the VM went down, and its policy starts it again', async () => {
  const id = await place.background(TICKS);
  const [monitor] = monitorsOf(place.state);
  process.kill(monitor?.pid ?? 0, 'SIGKILL');
  await eventually(async () => expect(await place.vm(id)).toMatchObject({ status: 'exited' }));
  expect(await place.vm(id)).toMatchObject({ exitCode: 125, error: expect.any(String) as string });
  await place.does('rm', id);

  const again = await place.background(TICKS, '--restart', 'on-failure:1');
  const [first] = monitorsOf(place.state);
  process.kill(first?.pid ?? 0, 'SIGKILL');
  await eventually(async () => {
    expect(await place.vm(again)).toMatchObject({ status: 'running', restarts: 1 });
  });
});

test('`stop` killed at any moment: the VM stops or runs, and can be stopped', async () => {
  for (const moment of moments(stopping)) {
    const id = await place.background(TICKS, '--name', 'victim');
    await place.says(id, 'tick');
    const stop = place.start('stop', 'victim');
    await sleep(moment);
    stop.signal('SIGKILL');
    await stop.ended;
    await place.does('stop', 'victim');
    expect(await place.vm(id)).toMatchObject({ status: 'exited', exitCode: 3 });
    await place.does('rm', 'victim');
  }
});

test('an application that does not listen is ended in time', async () => {
  const id = await place.background("trap '' TERM; echo deaf; while :; do sleep 1; done");
  await place.says(id, 'deaf');
  await place.does('stop', '-t', '1', id);
  expect(await place.vm(id)).toMatchObject({ status: 'exited', exitCode: 137 });
});

test('a keeper that hangs is killed by who removes its VM', async () => {
  const id = await place.background(TICKS);
  process.kill(keeperOf(id), 'SIGSTOP');
  await place.does('rm', '-f', id);
  expect(await place.all()).toEqual([]);
  await place.isTrue();
});

test('two that do the same at once', async () => {
  const script = place.script(TICKS, '--name', 'same');
  const runs = await Promise.all([1, 2].map(() => place.run('run', '-d', ...script)));
  expect(runs.map(({ status }) => status).sort()).toEqual([0, 125]);
  expect(runs.map(({ stderr }) => stderr).join('')).toContain('the name is taken: same');
  await place.does('stop', 'same');

  const starts = await Promise.all([1, 2].map(() => place.run('start', 'same')));
  expect(starts.some(({ status }) => status === 0)).toBe(true);
  expect(monitorsOf(place.state)).toHaveLength(1);

  const removals = await Promise.all([1, 2].map(() => place.run('rm', '-f', 'same')));
  expect(removals.some(({ status }) => status === 0)).toBe(true);
  for (const { stderr } of removals) expect(stderr).toMatch(/^$|^lupine: no such VM/);
  await place.isTrue();
  expect(await place.all()).toEqual([]);
});

test('a port published twice', async () => {
  for (const protocol of ['tcp', 'udp']) {
    const port = `${await freePort()}:80/${protocol}`;
    const runs = await Promise.all(
      [1, 2].map(() => place.run('run', '-d', ...place.script(TICKS, '-p', port))),
    );
    expect([protocol, ...runs.map(({ status }) => status).sort()]).toEqual([protocol, 0, 125]);
    expect(runs.map(({ stderr }) => stderr).join('')).toContain('the port is in use');
    await place.isTrue();
    expect(await place.all()).toHaveLength(1);
    await place.clear();
  }
});

test('state files that are damaged are told, and can be removed', async () => {
  const [torn, foreign] = [await place.background(TICKS), await place.background('exit 0')];
  const fine = await place.background(TICKS, '--name', 'fine');
  const file = (id: string) => join(place.state, 'instances', id, 'state.json');
  const pid = keeperOf(torn);
  truncateSync(file(torn), 20);
  await place.does('wait', foreign);
  writeFileSync(file(foreign), '{"version":99}');
  const { status, stdout, stderr } = await place.run('ps', '-aq');
  expect([status, stdout]).toEqual([0, `${fine}\n`]);
  expect(stderr).toContain(`${torn} is left out: a state file is damaged`);
  expect(stderr).toContain(`${foreign} is left out: a state file is of another version`);
  expect((await place.run('rm', torn)).stderr).toContain(`lupine rm -f ${torn}`);
  await place.does('rm', '-f', torn, foreign);
  await eventually(() => expect(existsSync(`/proc/${pid}`)).toBe(false));
  expect(monitorsOf(place.state)).toHaveLength(1);
  await place.does('rm', '-f', 'fine');
});

test('a disk that is full as a VM speaks and ends', async () => {
  if (process.getuid?.() !== 0) return; // Only root may mount.
  const disk = await mkdtemp(join(tmpdir(), 'lupine-full-'));
  await exec('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
  const small = await Place.make(join(disk, 'state'));
  try {
    const script =
      "trap 'exit 4' TERM; echo first; i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done";
    const id = await small.background(script, '--read-only');
    await small.says(id, 'line 1\n');
    await exec('sh', ['-c', `cat /dev/zero >${disk}/filler || true`]);
    await sleep(1_500);
    expect(await small.vm(id)).toMatchObject({ status: 'running' });
    await rm(join(disk, 'filler'));
    await eventually(async () => {
      const { stderr } = await small.run('logs', id);
      expect(stderr).toMatch(/lupine: \d+ log entr(y was|ies were) lost: the disk took no more/);
    });
    await exec('sh', ['-c', `cat /dev/zero >${disk}/filler || true`]);
    expect((await small.run('stop', id)).status).toBe(0);
    expect(await small.vm(id)).toMatchObject({ status: 'exited', exitCode: 4 });
    const refused = await small.run('run', '-d', ...small.script(TICKS, '--read-only'));
    expect([refused.status, refused.stderr]).toEqual([
      125,
      expect.stringContaining('disk is full'),
    ]);
    await small.isTrue();
    await rm(join(disk, 'filler'));
    await small.does('rm', id);
  } finally {
    await small.remove();
    await exec('umount', [disk]);
    await rm(disk, { recursive: true });
  }
});
