/** What every monitor's process has in common, with shells in the place of monitors. */

import { afterEach, expect, test, vi } from 'vitest';
import { allowedCpus } from '../../../src/evaluation/machine.js';
import { guestEnd, MonitorChild } from '../../../src/monitor/child.js';
import { fakeVm } from './fake-vm.js';

const vm = fakeVm('/tmp');

afterEach(() => vi.unstubAllEnvs());

function shell(script: string, config = vm): MonitorChild {
  return new MonitorChild(['sh', '-c', script], config, { stdio: ['ignore', 'pipe', 'pipe'] });
}

test('its status is told where it has no words of its own', async () => {
  const child = shell('exit 3');
  await child.gone;
  expect(child.exited).toBe(true);
  expect(child.failure(undefined)).toEqual({ kind: 'failed', reason: 'status 3' });
  expect(child.failure('no room')).toEqual({ kind: 'failed', reason: 'no room' });
});

test('a signal that nobody here sent is a failure', async () => {
  const child = shell('kill -TERM $$');
  await child.gone;
  expect(child.killed).toBe(false);
  expect(child.failure(undefined)).toEqual({ kind: 'failed', reason: 'killed by SIGTERM' });
});

test('who is asked for its end is killed; for a reason of its own, ended', async () => {
  const [asked, own] = [shell('exec sleep 60'), shell('exec sleep 60')];
  asked.kill();
  own.end();
  await Promise.all([asked.gone, own.gone]);
  expect([asked.killed, own.killed]).toEqual([true, false]);
  asked.kill();
});

test('a kill after the end changes nothing', async () => {
  const child = shell('exit 0');
  await child.gone;
  child.kill();
  expect([child.killed, child.succeeded, child.failure('warned')]).toEqual([
    false,
    true,
    undefined,
  ]);
});

test('the last that it said on stderr is kept', async () => {
  const child = shell('head -c 100000 /dev/zero | tr "\\0" x >&2; echo end >&2');
  await child.gone;
  expect(child.stderr.length).toBe(64 * 1024);
  expect(child.stderr.endsWith('xend\n')).toBe(true);
});

test('the machine lacks setpriv', async () => {
  vi.stubEnv('PATH', '/nowhere');
  const child = shell('exit 0');
  await child.gone;
  expect(() => child.checkStarted()).toThrow('a program is missing');
  expect(child.unstarted).toMatchObject({ reason: expect.stringContaining('setpriv') as string });
  expect(child.pid).toBe(0);
});

test('a measured one runs on its processor', async () => {
  const [cpu = 0] = allowedCpus().slice(-1);
  const child = shell('grep Cpus_allowed_list /proc/self/status >&2', { ...vm, hostCpu: cpu });
  await child.gone;
  expect(child.stderr).toMatch(new RegExp(`^Cpus_allowed_list:\\s*${cpu}$`, 'm'));
});

test('a guest that never spoke had too little memory', () => {
  expect(guestEnd(vm, 1)).toEqual({ kind: 'shutdown' });
  expect(guestEnd(vm, 0)).toMatchObject({ reason: expect.stringContaining('7 MiB') as string });
});
