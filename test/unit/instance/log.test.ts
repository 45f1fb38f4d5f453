import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogWriter, olderLog, splitLines } from '../../../src/instance/log.js';
import { followLog, parseLogLine, readLog } from '../../../src/instance/read-log.js';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lupine-log-'));
  path = join(directory, 'log.jsonl');
});
afterEach(() => rmSync(directory, { recursive: true }));

const text = (lines: readonly { data: Buffer }[]) =>
  Buffer.concat(lines.map(({ data }) => data)).toString('latin1');

describe('what is written', () => {
  it('comes back to the byte, whatever it is and however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 }),
        async (parts) => {
          rmSync(path, { force: true });
          const log = new LogWriter(path);
          for (const part of parts) log.write('stdout', Buffer.from(part));
          log.close();
          expect(text(await readLog(path))).toBe(Buffer.concat(parts).toString('latin1'));
        },
      ),
    );
  });

  it('is one entry a line, with the stream and the time', async () => {
    const log = new LogWriter(path);
    log.write('stdout', Buffer.from('one\nt'));
    log.write('stderr', Buffer.from('complaint\n'));
    log.write('stdout', Buffer.from('wo\n'));
    log.note('something of ours');
    log.close();
    const lines = await readLog(path);
    expect(lines.map(({ stream, data }) => [stream, data.toString()])).toEqual([
      ['stdout', 'one\n'],
      ['stderr', 'complaint\n'],
      ['stdout', 'two\n'],
      ['lupine', 'something of ours\n'],
    ]);
    expect(Math.abs(Date.parse(lines[0]?.time ?? '') - Date.now())).toBeLessThan(10_000);
  });

  it('shows a line without an end after a moment', async () => {
    const log = new LogWriter(path);
    log.write('stdout', Buffer.from('login: '));
    expect(await readLog(path)).toEqual([]);
    await sleep(300);
    expect(text(await readLog(path))).toBe('login: ');
    log.close();
  });

  it('is bounded: the older of two files goes', async () => {
    const log = new LogWriter(path, 4_000);
    for (let line = 0; line < 1_000; line++) log.write('stdout', Buffer.from(`line ${line}\n`));
    log.close();
    const size = statSync(path).size + statSync(olderLog(path)).size;
    expect(size).toBeLessThan(2 * 4_000 + 200);
    const lines = await readLog(path);
    expect(lines.at(-1)?.data.toString()).toBe('line 999\n');
    expect(lines.length).toBeGreaterThan(40);
  });

  it('goes on after a line that was torn by a kill', async () => {
    writeFileSync(path, '{"time":"2026-01-01T00:00:00.000Z","stream":"stdout","log":"who');
    const log = new LogWriter(path);
    log.write('stdout', Buffer.from('next\n'));
    log.close();
    expect(text(await readLog(path))).toBe('next\n');
  });
});

describe('what is read', () => {
  const entry = (second: number, log: string) =>
    `${JSON.stringify({ time: `2026-01-01T00:00:${String(second).padStart(2, '0')}.000Z`, stream: 'stdout', log })}\n`;

  it('never takes nonsense for an entry, nor fails of it', () => {
    fc.assert(fc.property(fc.string(), (line) => parseLogLine(line) === undefined));
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        parseLogLine(JSON.stringify(value));
      }),
    );
  });

  it('is chosen by lines and by time', async () => {
    writeFileSync(path, ['a\n', 'b', '\n', 'c\n', 'd'].map((log, i) => entry(i, log)).join(''));
    expect(text(await readLog(path, { tail: 1 }))).toBe('d');
    expect(text(await readLog(path, { tail: 3 }))).toBe('b\nc\nd');
    expect(text(await readLog(path, { tail: 0 }))).toBe('');
    expect(text(await readLog(path, { tail: 99 }))).toBe('a\nb\nc\nd');
    expect(text(await readLog(path, { since: new Date('2026-01-01T00:00:03Z') }))).toBe('c\nd');
  });

  it('is followed across a new file to the end of its writer', async () => {
    const log = new LogWriter(path, 2_000);
    let writing = true;
    log.write('stdout', Buffer.from('first\n'));
    const read = (async () => {
      const lines: string[] = [];
      for await (const { data } of followLog(path, {}, () => writing)) lines.push(data.toString());
      return lines;
    })();
    for (let line = 0; line < 60; line++) {
      log.write('stdout', Buffer.from(`line ${line}\n`));
      await sleep(10);
    }
    log.close();
    writing = false;
    const all = ['first\n', ...Array.from({ length: 60 }, (_, line) => `line ${line}\n`)];
    expect(await read).toEqual(all);
  });

  it('waits for the rest of a line that is being written', async () => {
    writeFileSync(path, '');
    let writing = true;
    const read = (async () => {
      const lines: string[] = [];
      for await (const { data } of followLog(path, {}, () => writing)) lines.push(data.toString());
      return lines;
    })();
    const line = entry(1, 'whole\n');
    appendFileSync(path, line.slice(0, 20));
    await sleep(250);
    appendFileSync(path, line.slice(20));
    writing = false;
    expect(await read).toEqual(['whole\n']);
  });
});

it('cuts lines without losing a byte, and none is too long', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60_000 }), (bytes) => {
      const data = Buffer.from(bytes);
      const { lines, rest } = splitLines(data);
      expect(Buffer.concat([...lines, rest]).equals(data)).toBe(true);
      for (const line of lines) {
        expect(line.length).toBeLessThanOrEqual(16_384);
        expect([-1, line.length - 1]).toContain(line.indexOf(10));
      }
      expect(rest.indexOf(10)).toBe(-1);
    }),
    { numRuns: 30 },
  );
});
