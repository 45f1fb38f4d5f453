import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  FrameDecoder,
  encodeFrame,
  maxPayloadToHost,
  type GuestEvent,
} from '../../../src/instance/frames.js';

function decode(...chunks: readonly Uint8Array[]): GuestEvent[] {
  const decoder = new FrameDecoder();
  return [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()];
}

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((p) => p % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

/** Joins neighbours of one stream: where chunks are cut must not matter. */
function merged(events: readonly GuestEvent[]): GuestEvent[] {
  const out: GuestEvent[] = [];
  for (const event of events) {
    const last = out.at(-1);
    if (event.kind === 'text' && last?.kind === 'text') {
      out[out.length - 1] = { kind: 'text', data: Buffer.concat([last.data, event.data]) };
    } else {
      out.push(event);
    }
  }
  return out;
}

const kernelText = fc
  .stringMatching(/^[ -~\r\n]{1,80}$/)
  .map((text) => ({ kind: 'text', data: Buffer.from(text) }) as const);
const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const line = fc.string({ unit: 'grapheme', maxLength: 60 });
const event: fc.Arbitrary<GuestEvent> = fc.oneof(
  kernelText,
  payload.map((data) => ({ kind: 'stdout', data }) as const),
  payload.map((data) => ({ kind: 'stderr', data }) as const),
  fc.record({ kind: fc.constant('hello'), version: fc.nat(1e6) }),
  fc.record({ kind: fc.constant('started'), microseconds: fc.nat() }),
  fc.record({ kind: fc.constant('credit'), bytes: fc.nat(1e6) }),
  fc.record({
    kind: fc.constant('kernel'),
    level: fc.nat(7),
    microseconds: fc.nat(),
    text: line,
  }),
  fc.record({
    kind: fc.constant('message'),
    severity: fc.constantFrom('info', 'warning', 'error'),
    option: fc.constantFrom(undefined, 'SYSFS', 'UNIX98_PTYS'),
    text: line,
  }),
  fc.oneof(
    fc.nat(255).map((code) => ({ kind: 'exit', end: { kind: 'exited', code } }) as const),
    fc
      .integer({ min: 1, max: 64 })
      .map((signal) => ({ kind: 'exit', end: { kind: 'signalled', signal } }) as const),
  ),
);

/** What init would write. */
function encode(e: GuestEvent): Buffer {
  switch (e.kind) {
    case 'text':
      return e.data;
    case 'stdout':
      return encodeFrame('o', e.data);
    case 'stderr':
      return encodeFrame('e', e.data);
    case 'hello':
      return encodeFrame('h', String(e.version));
    case 'started':
      return encodeFrame('s', String(e.microseconds));
    case 'credit':
      return encodeFrame('c', String(e.bytes));
    case 'kernel':
      return encodeFrame('k', `${e.level},${e.microseconds};${e.text}`);
    case 'message':
      return encodeFrame('m', `${e.severity.charAt(0)};${e.option ?? ''};${e.text}`);
    case 'exit':
      return encodeFrame('x', e.end.kind === 'exited' ? `e${e.end.code}` : `s${e.end.signal}`);
  }
}

test('decoding gives back what was encoded, however the line cuts it, kernel text included', () => {
  fc.assert(
    fc.property(fc.array(event), fc.array(fc.nat(), { maxLength: 40 }), (events, places) => {
      const bytes = Buffer.concat(events.map(encode));
      expect(merged(decode(...cut(bytes, places)))).toEqual(merged(events));
    }),
  );
});

test('no bytes make it throw or keep more than one frame', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(fc.constantFrom(2, 3, 16, 10, 13, 120, 101, 49), { maxLength: 60 }).map((a) => {
      return Uint8Array.from(a);
    }),
  );
  fc.assert(
    fc.property(fc.array(noise), (chunks) => {
      const total = chunks.reduce((sum, c) => sum + c.length, 0);
      const out = decode(...chunks).reduce((sum, e) => sum + ('data' in e ? e.data.length : 0), 0);
      expect(out).toBeLessThanOrEqual(total);
    }),
  );
});

test('the frame after any garbage is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (garbage) => {
      const events = decode(garbage, encodeFrame('o', 'after'));
      expect(events.at(-1)).toEqual({ kind: 'stdout', data: Buffer.from('after') });
    }),
  );
});

test('a panic in the middle of a frame is text, with what was there of the frame', () => {
  const torn = encodeFrame('o', 'hal').subarray(0, -1);
  const events = merged(decode(torn, Buffer.from('[ 1.0] Kernel panic - not syncing\r\nmore\r\n')));
  expect(events).toEqual([
    { kind: 'text', data: Buffer.from('ohal[ 1.0] Kernel panic - not syncing\r\nmore\r\n') },
  ]);
});

test('a torn frame at the end of the line is text', () => {
  expect(decode(encodeFrame('o', 'last words').subarray(0, -1))).toEqual([
    { kind: 'text', data: Buffer.from('olast words') },
  ]);
});

test.each([
  ['an unknown type', encodeFrame('z', 'x')],
  ['an empty frame', Buffer.of(2, 3)],
  ['a status beyond 255', encodeFrame('x', 'e256')],
  ['a signal beyond 64', encodeFrame('x', 's65')],
  ['signal 0', encodeFrame('x', 's0')],
  ['a negative number', encodeFrame('c', '-1')],
  ['a log level beyond 7', encodeFrame('k', '8,1;x')],
  ['an escape that need not be', Buffer.of(2, 111, 16, 1, 3)],
  ['a payload beyond the limit', encodeFrame('o', 'x'.repeat(maxPayloadToHost + 1))],
])('%s is text, not an event', (_what, bytes) => {
  expect(decode(bytes).filter((e) => e.kind !== 'text')).toEqual([]);
});

test('the largest payload passes', () => {
  const data = Buffer.alloc(maxPayloadToHost, 2);
  expect(decode(encodeFrame('o', data))).toEqual([{ kind: 'stdout', data }]);
});
