import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { tell, type InstanceEvent } from '../../../src/instance/events.js';
import { followEvents, parseEvents } from '../../../src/instance/follow-events.js';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'lupine-events-'));
  vi.stubEnv('LUPINE_STATE', state);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(state, { recursive: true });
});

const vm = { id: '0123456789ab', name: 'one', image: 'image' };

/** What is told by now, and what is told while `work` goes on. */
async function events(since: Date | undefined, work: () => Promise<void>): Promise<string[]> {
  const seen: InstanceEvent[] = [];
  const end = new AbortController();
  const following = followEvents((event) => seen.push(event), { since, signal: end.signal });
  await new Promise((done) => setTimeout(done, 20));
  await work();
  end.abort();
  await following;
  return seen.map(({ action, attributes }) => [action, ...Object.values(attributes)].join(' '));
}

it('tells what comes, and what came since', async () => {
  await tell(vm, 'create');
  await new Promise((done) => setTimeout(done, 5));
  expect(await events(undefined, () => tell(vm, 'die', { exitCode: '3' }))).toEqual(['die 3']);
  expect(await events(new Date(0), () => Promise.resolve())).toEqual(['create', 'die 3']);
});

it('leaves out what is torn, and is bounded', async () => {
  await tell(vm, 'create');
  appendFileSync(join(state, 'events.jsonl'), '{"time":"20\n');
  appendFileSync(join(state, 'events.jsonl'), `${'x'.repeat(1024 * 1024)}\n`);
  await Promise.all([tell(vm, 'start'), tell(vm, 'stop'), tell(vm, 'die')]);
  expect(statSync(join(state, 'events.jsonl')).size).toBeLessThan(2_000);
  const all = await events(new Date(0), () => Promise.resolve());
  expect([all[0], ...all.slice(1).sort()]).toEqual(['create', 'die', 'start', 'stop']);
});

it('never fails of what the file may hold', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseEvents(text)).toEqual([]);
    }),
  );
});
