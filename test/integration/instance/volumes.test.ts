/** Volumes: what outlives the VMs that write it, and directories of this machine. */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { killAll } from '../../support/cli.js';
import { exec } from '../../support/exec.js';
import { Place, TICKS } from './support.js';

let place: Place;
let scratch: string;
beforeAll(async () => {
  place = await Place.make();
  scratch = mkdtempSync(join(tmpdir(), 'lupine-volumes-'));
});
afterEach(killAll);
afterAll(async () => {
  rmSync(scratch, { recursive: true });
  await place.remove();
});

/** Runs a script in the foreground; what it said. */
async function run(script: string, ...flags: readonly string[]): Promise<string> {
  return place.does('run', '-q', ...place.script(script, ...flags));
}

test('a volume keeps what is written, and belongs to whom the place in the image does', async () => {
  const volume = ['-v', 'kept:/data'];
  // The image runs as 101:102, whose /data is.
  expect(await run('echo one >/data/file; busybox stat -c %u:%g /data', ...volume)).toBe(
    '101:102\n',
  );
  expect(await run('cat /data/file; echo two >>/data/file', ...volume)).toBe('one\n');
  expect(await run('cat /data/file', '-v', 'kept:/data:ro')).toBe('one\ntwo\n');
  expect(await run('echo x 2>&1 >/data/file || echo refused', '-v', 'kept:/data:ro')).toMatch(
    /refused\n$/,
  );
  const [volumes] = JSON.parse(await place.does('volume', 'ls', '--json')) as [
    { name: string; image: string; users: string[] },
  ];
  expect(volumes).toMatchObject({ name: 'kept', users: [] });
  // Left clean, and whole.
  await exec('e2fsck', ['-f', '-n', volumes.image]);
  await place.does('volume', 'rm', 'kept');
  expect(await place.does('volume', 'ls', '-q')).toBe('');
});

test('a volume in use by one is refused to another, and not removed', async () => {
  await place.does('volume', 'create', 'mine', '--size', '16M');
  expect((await place.run('volume', 'create', 'mine')).stderr).toContain('a volume of this name');
  const id = await place.background(TICKS, '-v', 'mine:/data');
  const second = await place.run('run', '-q', ...place.script('exit 0', '-v', 'mine:/data'));
  expect([second.status, second.stderr]).toEqual([
    125,
    expect.stringContaining('in use by another'),
  ]);
  const removal = await place.run('volume', 'rm', 'mine');
  expect([removal.status, removal.stderr]).toEqual([
    1,
    expect.stringContaining('volume is in use'),
  ]);
  await place.does('rm', '-f', id);
  await place.does('volume', 'rm', 'mine');
});

test('a volume that is full is full for its VM only', async () => {
  await place.does('volume', 'create', 'small', '--size', '1M');
  const script = 'busybox dd if=/dev/zero of=/data/big bs=64k count=64 2>&1 | busybox head -1';
  expect(await run(script, '-v', 'small:/data')).toContain('No space left');
  await place.does('volume', 'rm', 'small');
});

test('two that make the same volume at once get one', async () => {
  const said = await Promise.all(
    ['a', 'b'].map((word) =>
      place.run('volume', 'create', 'same', '--size', `${word === 'a' ? 1 : 2}M`),
    ),
  );
  expect(said.map(({ status }) => status).sort()).toEqual([0, 1]);
  await place.does('volume', 'rm', 'same');
});

test('a directory of this machine can be read', async () => {
  const directory = join(scratch, 'shared');
  mkdirSync(join(directory, 'below'), { recursive: true });
  writeFileSync(join(directory, 'below', 'file'), 'from the host\n');
  const flags = ['-v', `${directory}:/mnt/in:ro`];
  expect(await run('cat /mnt/in/below/file', ...flags)).toBe('from the host\n');
  expect(await run('echo x 2>&1 >/mnt/in/x || echo refused', ...flags)).toMatch(/refused\n$/);
  const writable = await place.run('run', ...place.script('exit 0', '-v', `${directory}:/mnt/in`));
  expect([writable.status, writable.stderr]).toEqual([125, expect.stringContaining('add :ro')]);
  const none = await place.run('run', ...place.script('exit 0', '-v', '/no/such:/mnt/in:ro'));
  expect([none.status, none.stderr]).toEqual([125, expect.stringContaining('no such directory')]);
});

test('what a stopped VM uses is there when it starts again', async () => {
  const id = await place.background(
    'cat /data/count; echo x >>/data/count; exit 0',
    '-v',
    'again:/data',
  );
  await place.does('wait', id);
  await place.does('start', id);
  await place.does('wait', id);
  expect(await place.logs(id)).toContain('x\n');
  await place.does('rm', id);
  await place.does('volume', 'rm', 'again');
});

test('a `volume create` that is killed leaves nothing that the next does not tidy up', async () => {
  for (const delay of [50, 150, 250, 350]) {
    const one = place.start('volume', 'create', 'killed');
    await new Promise((done) => setTimeout(done, delay));
    one.signal('SIGKILL');
    await one.ended;
    await place.run('volume', 'rm', 'killed');
  }
  await place.does('volume', 'create', 'killed');
  await place.does('volume', 'rm', 'killed');
  const left = spawn('find', [join(place.state, 'volumes'), '-name', '.tmp-*'], { stdio: 'pipe' });
  const chunks: Buffer[] = [];
  for await (const chunk of left.stdout) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toBe('');
});
