/** Forwarded ports between this process's own clients and servers. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import type { PortMapping } from '../../../src/monitor/index.js';
import { forwardPorts, type Forwards } from '../../../src/network/forward.js';

const open: { close(): void }[] = [];
afterEach(() => open.splice(0).forEach((one) => one.close()));

const mapping = (guestPort: number, more: Partial<PortMapping> = {}): PortMapping => ({
  ...{ hostAddress: '127.0.0.1', hostPort: 0, guestPort, protocol: 'tcp' },
  ...more,
});

/** Answers what it was sent, once that is all, at an address as a VM has one. */
async function echo(): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let said = '';
    socket.on('data', (data: Buffer) => (said += data.toString()));
    socket.on('end', () => socket.end(`heard ${said}`));
    socket.on('error', () => undefined);
  });
  open.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.2', done));
  return { server, port: (server.address() as AddressInfo).port };
}

async function forward(...ports: PortMapping[]): Promise<Forwards> {
  const forwards = await forwardPorts(ports, '127.0.0.2');
  open.push(forwards);
  return forwards;
}

function ask(port: number, what: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.end(what);
  return text(socket);
}

test('a connection is passed on, and each half ends for itself', async () => {
  const { port } = await echo();
  const { ports } = await forward(mapping(port));
  const large = 'x'.repeat(1 << 20);
  const answer = await ask(ports[0]?.hostPort ?? 0, large);
  expect(answer === `heard ${large}`).toBe(true);
});

test('nobody answers in the VM: the connection is reset', async () => {
  const { server, port } = await echo();
  await new Promise((done) => server.close(done));
  const { ports } = await forward(mapping(port));
  await expect(ask(ports[0]?.hostPort ?? 0, '')).rejects.toThrow(/ECONNRESET|EPIPE/);
});

test('the end of the VM ends connections and frees the port', async () => {
  const { port } = await echo();
  const forwards = await forward(mapping(port));
  const { hostPort } = forwards.ports[0] ?? mapping(0);
  const client = connect(hostPort, '127.0.0.1');
  client.on('error', () => undefined);
  await once(client, 'connect');
  forwards.close();
  await once(client, 'close');
  await forward(mapping(port, { hostPort }));
});

test('datagrams find their way back to who asked', async () => {
  const guest = createSocket('udp4');
  guest.on('message', (message, { port, address }) =>
    guest.send(`heard ${String(message)}`, port, address),
  );
  await new Promise<void>((done) => guest.bind(0, '127.0.0.2', done));
  open.push(guest);
  const { ports } = await forward(mapping(guest.address().port, { protocol: 'udp' }));
  const clients = ['one', 'two'].map(async (name) => {
    const client = createSocket('udp4');
    open.push(client);
    client.send(name, ports[0]?.hostPort ?? 0, '127.0.0.1');
    const [answer] = (await once(client, 'message')) as [Buffer];
    return answer.toString();
  });
  expect(await Promise.all(clients)).toEqual(['heard one', 'heard two']);
});

test('a port in use is told with its owner, and no other port is kept', async () => {
  const { server, port } = await echo();
  const { ports } = await forward(mapping(port));
  const hostPort = ports[0]?.hostPort ?? 0;
  const wanted = [mapping(80), mapping(81, { hostPort })];
  await expect(forwardPorts(wanted, '127.0.0.2')).rejects.toMatchObject({
    message: 'the port is in use',
    where: expect.stringContaining(`(pid ${process.pid})`) as string,
  });
  server.close();
});

test.each([
  [mapping(80, { hostPort: 7001 }), mapping(81, { hostPort: 7001 })],
  [mapping(80, { hostPort: 7001 }), mapping(81, { hostPort: 7001, hostAddress: '0.0.0.0' })],
  [mapping(80, { hostPort: 7001, hostAddress: '0.0.0.0' }), mapping(80, { hostPort: 7001 })],
])('one port twice is refused', async (...ports) => {
  await expect(forwardPorts(ports, '127.0.0.2')).rejects.toThrow('a port is published twice');
});

test('one number for both protocols, or on two addresses, is not twice', async () => {
  const { ports } = await forward(mapping(80));
  const hostPort = ports[0]?.hostPort ?? 0;
  await forward(
    mapping(80, { hostPort, protocol: 'udp' }),
    mapping(80, { hostPort, hostAddress: '127.0.0.3' }),
    mapping(81),
    mapping(82),
  );
});
