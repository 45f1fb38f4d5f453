import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { GuestConsole, exitStatus } from '../../../src/instance/console.js';
import { encodeFrame } from '../../../src/instance/frames.js';

/** A guest that says what the test tells it and records what the host sends. */
class FakeLine extends Duplex {
  readonly #sent: Buffer[] = [];
  reads = 0;
  get sent(): Buffer {
    return Buffer.concat(this.#sent);
  }
  override _read(): void {
    this.reads++;
  }
  override _write(data: Buffer, _encoding: string, done: () => void): void {
    this.#sent.push(data);
    done();
  }
  say(...frames: readonly Buffer[]): void {
    this.push(Buffer.concat(frames));
  }
}

const turn = () => new Promise((done) => setImmediate(done));

test('frames become streams, events and the end', async () => {
  const line = new FakeLine();
  const guest = new GuestConsole(line);
  const seen: unknown[] = [];
  guest.on('text', (data) => seen.push(data.toString()));
  guest.on('kernel', ({ level, text: said }) => seen.push([level, said]));
  guest.on('message', ({ severity, option, text: said }) => seen.push([severity, option, said]));
  guest.on('started', (us) => seen.push(us));
  const output = Promise.all([text(guest.stdout), text(guest.stderr)]);
  line.say(
    Buffer.from('booting\n'),
    encodeFrame('h', '1'),
    encodeFrame('m', 'w;SYSFS;no /sys'),
    encodeFrame('s', '1234'),
    encodeFrame('o', 'out'),
    encodeFrame('e', 'err'),
    encodeFrame('k', '4,99;lupine: missing syscall 232 redis'),
    encodeFrame('x', 's9'),
  );
  const end = await guest.ended;
  expect(end).toEqual({ kind: 'signalled', signal: 9 });
  expect(exitStatus(end)).toBe(137);
  expect(await output).toEqual(['out', 'err']);
  expect(seen).toEqual([
    'booting\n',
    ['warning', 'SYSFS', 'no /sys'],
    1234,
    [4, 'lupine: missing syscall 232 redis'],
  ]);
});

test('text after the exit frame still comes', async () => {
  const line = new FakeLine();
  const guest = new GuestConsole(line);
  let said = '';
  guest.on('text', (data) => (said += data.toString()));
  line.say(encodeFrame('h', '1'), encodeFrame('x', 'e0'), Buffer.from('Kernel panic'));
  await guest.ended;
  await turn();
  expect(said).toBe('Kernel panic');
});

test('nothing is sent before the guest can hear, then all of it in order', async () => {
  const line = new FakeLine();
  const guest = new GuestConsole(line);
  guest.signal(15);
  guest.resize(24, 80);
  await turn();
  expect(line.sent).toHaveLength(0);
  line.say(encodeFrame('h', '1'));
  await turn();
  expect(line.sent).toEqual(Buffer.concat([encodeFrame('g', '15'), encodeFrame('w', '24,80')]));
});

test('stdin is sent as credit allows, then its end', async () => {
  const line = new FakeLine();
  const guest = new GuestConsole(line);
  guest.stdin.end('abcdef');
  line.say(encodeFrame('h', '1'));
  await turn();
  expect(line.sent).toHaveLength(0);
  line.say(encodeFrame('c', '4'));
  await turn();
  expect(line.sent).toEqual(encodeFrame('i', 'abcd'));
  line.say(encodeFrame('c', '100'));
  await turn();
  expect(line.sent).toEqual(
    Buffer.concat([encodeFrame('i', 'abcd'), encodeFrame('i', 'ef'), encodeFrame('d')]),
  );
});

test('who does not read stdout stops the line, and reading starts it again', async () => {
  const line = new FakeLine();
  const guest = new GuestConsole(line);
  guest.stderr.resume();
  line.say(encodeFrame('h', '1'));
  for (let i = 0; i < 64; i++) line.say(encodeFrame('o', 'x'.repeat(4096)));
  await turn();
  await turn();
  expect(line.isPaused()).toBe(true);
  const rest = text(guest.stdout);
  line.say(encodeFrame('x', 'e0'));
  expect((await rest).length).toBe(64 * 4096);
  expect(await guest.ended).toEqual({ kind: 'exited', code: 0 });
});

test('a closed line is a lost end, and a write to stdin does not hang', async () => {
  const line = new FakeLine();
  const guest = new GuestConsole(line);
  const written = new Promise((done) => guest.stdin.write('never read', done));
  guest.stdout.resume();
  line.push(null);
  expect(await guest.ended).toMatchObject({ kind: 'lost' });
  await written;
  expect(exitStatus(await guest.ended)).toBe(125);
});

test('another protocol version is refused', async () => {
  const line = new FakeLine();
  const guest = new GuestConsole(line);
  line.say(encodeFrame('h', '2'));
  const end = await guest.ended;
  expect(end.kind === 'lost' && end.reason).toMatch(/version 2/);
});

test('an error of the line does not throw', async () => {
  const line = new FakeLine();
  const guest = new GuestConsole(line);
  line.destroy(new Error('EPIPE'));
  expect(await guest.ended).toEqual({ kind: 'lost', reason: 'EPIPE' });
});
