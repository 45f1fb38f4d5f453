import { PassThrough, Duplex } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { QmpClient, QmpParser, type QmpEvent } from '../../../src/monitor/qmp.js';

const greeting = '{"QMP": {"version": {}, "capabilities": ["oob"]}}\r\n';
const event = '{"timestamp": {"seconds": 1}, "event": "STOP"}\r\n';
const answer = '{"return": {"running": true}, "id": 2}\r\n';

test('messages are the same however the bytes are cut', () => {
  const bytes = Buffer.from(greeting + event + answer);
  const whole = new QmpParser().push(bytes);
  expect(whole).toHaveLength(3);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
      const parser = new QmpParser();
      const borders = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const messages = borders
        .slice(1)
        .flatMap((end, i) => parser.push(bytes.subarray(borders[i], end)));
      expect(messages).toEqual(whole);
    }),
  );
});

test('hostile bytes are messages or an error, never anything else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (chunks) => {
      const parser = new QmpParser();
      try {
        for (const chunk of chunks) parser.push(Buffer.from(chunk));
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
  );
});

test.each(['null\n', '[]\n', '{"event": 7}\n', '{"error": "no"}\n', 'x\n', '{}\n'])(
  'is no message: %j',
  (line) => expect(() => new QmpParser().push(Buffer.from(line))).toThrow(),
);

test('a line without end is refused', () => {
  const parser = new QmpParser();
  const part = Buffer.alloc(600_000, 'a');
  parser.push(part);
  expect(() => parser.push(part)).toThrow('too long');
});

/** A client, and the far end of its socket. */
function connect() {
  const fromQemu = new PassThrough();
  const toQemu = new PassThrough();
  const events: QmpEvent[] = [];
  const socket = Duplex.from({ readable: fromQemu, writable: toQemu });
  const client = new QmpClient(
    socket,
    (one) => events.push(one),
    () => events.push({ event: 'nonsense', data: {} }),
  );
  return { fromQemu, toQemu, events, client, socket };
}

test('answers find their command, and events come in between', async () => {
  const { fromQemu, toQemu, events, client } = connect();
  const status = client.execute('query-status');
  fromQemu.write(`${greeting}{"return": {}, "id": 1}\n${event}${answer}`);
  expect(await status).toEqual({ running: true });
  expect(events).toEqual([{ event: 'STOP', data: {} }]);
  const sent = String(toQemu.read()).trim().split('\n');
  expect(sent.map((line) => (JSON.parse(line) as { execute: string }).execute)).toEqual([
    'qmp_capabilities',
    'query-status',
  ]);
});

test('a refused command, a closed connection and nonsense reject', async () => {
  const refused = connect();
  const command = refused.client.execute('nonsense');
  refused.fromQemu.write('{"error": {"class": "CommandNotFound", "desc": "no such"}, "id": 2}\n');
  await expect(command).rejects.toThrow('no such');

  const closed = connect();
  const waiting = closed.client.execute('query-status');
  closed.socket.destroy();
  await expect(waiting).rejects.toThrow();
  await expect(closed.client.execute('query-status')).rejects.toThrow();

  const nonsense = connect();
  const lost = nonsense.client.execute('query-status');
  nonsense.fromQemu.write('HTTP/1.1 200 OK\n');
  await expect(lost).rejects.toThrow('does not speak QMP');
  expect(nonsense.events).toEqual([{ event: 'nonsense', data: {} }]);
});
