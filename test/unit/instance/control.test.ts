import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ask,
  ControlClient,
  parseRequest,
  serveControl,
  type Answer,
  type Client,
  type ControlServer,
  type Request,
} from '../../../src/instance/control.js';

let directory: string;
let server: ControlServer | undefined;
const asked: Request[] = [];

beforeEach(() => {
  // Longer than the path of a socket may be.
  directory = mkdtempSync(join(tmpdir(), `lupine-${'control-'.repeat(15)}`));
  asked.length = 0;
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(directory, { recursive: true });
});

async function serve(answer: (request: Request, client: Client) => Promise<Answer>) {
  server = await serveControl(directory, (request, client) => {
    asked.push(request);
    return answer(request, client);
  });
}

describe('the control socket', () => {
  it('takes requests and gives answers', async () => {
    await serve(({ op }) =>
      Promise.resolve(op === 'wait' ? { ok: true, exitCode: 7 } : { ok: true }),
    );
    expect(await ask(directory, { op: 'wait' })).toEqual({ ok: true, exitCode: 7 });
    expect(await ask(directory, { op: 'signal', number: 10 })).toEqual({ ok: true });
    expect(asked).toEqual([{ op: 'wait' }, { op: 'signal', number: 10 }]);
  });

  it('passes a refusal on', async () => {
    await serve(() => Promise.resolve({ error: 'not now' }));
    await expect(ask(directory, { op: 'attach' })).rejects.toThrow('not now');
  });

  it('tells who asks that nobody is there', async () => {
    expect(await ask(directory, { op: 'kill' })).toBeUndefined();
    await serve(() => new Promise(() => undefined));
    const waiting = ask(directory, { op: 'wait' });
    await new Promise((done) => setTimeout(done, 50));
    await server?.close();
    server = undefined;
    expect(await waiting).toBeUndefined();
  });

  it('streams output to who attached', async () => {
    await serve((_, client) => {
      client.send({ stream: 'stdout', data: 'aGk=' });
      return Promise.resolve({ ok: true });
    });
    const got: string[] = [];
    const client = await ControlClient.connect(directory, ({ data }) => got.push(data));
    await client?.ask({ op: 'attach' });
    expect(got).toEqual(['aGk=']);
    client?.close();
  });

  it('answers nonsense with a refusal, and lets go of who never ends a line', async () => {
    await serve(() => Promise.resolve({ ok: true }));
    const { openSync, closeSync } = await import('node:fs');
    const descriptor = openSync(directory, 'r');
    const socket = createConnection(`/proc/self/fd/${descriptor}/control.sock`);
    const first = await new Promise<string>((done) => {
      socket.once('data', (data) => done(data.toString()));
      socket.write('{"op":"format the disk"}\n');
    });
    expect(first).toBe('{"error":"not a request"}\n');
    const closed = new Promise((done) => socket.once('close', done));
    socket.on('error', () => undefined);
    socket.write('x'.repeat(2 * 1024 * 1024));
    await closed;
    closeSync(descriptor);
    expect(asked).toEqual([]);
  });
});

it('never takes nonsense for a request', () => {
  fc.assert(fc.property(fc.string(), (line) => parseRequest(line) === undefined));
  fc.assert(
    fc.property(fc.integer(), (number) => {
      const request = parseRequest(JSON.stringify({ op: 'signal', number }));
      return (request !== undefined) === (number >= 1 && number <= 64);
    }),
  );
});
