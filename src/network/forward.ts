/**
 * Published ports of a VM on a network, forwarded by this process: they work from this machine (on
 * 127.0.0.1 too) and from others, a port in use is noticed at once, and nothing of them can outlive us.
 */

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { checkPorts, portError, type PortMapping } from '../monitor/index.js';
import { isSystemError } from '../support/errors.js';

export interface Forwards {
  /** Every port 0 replaced by the one that was taken. */
  readonly ports: readonly PortMapping[];
  /** Ends them, and the connections through them. */
  close(): void;
}

/** One port. */
interface Forward {
  readonly port: number;
  close(): void;
}

/** @param address of the VM. @throws LupineError naming the first port that cannot be had, and why. */
export async function forwardPorts(
  ports: readonly PortMapping[],
  address: string,
): Promise<Forwards> {
  checkPorts(ports);
  const open: Forward[] = [];
  const close = () => open.forEach((forward) => forward.close());
  try {
    for (const port of ports) {
      open.push(await (port.protocol === 'tcp' ? forwardTcp : forwardUdp)(port, address));
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    ports: ports.map((port, index) => ({ ...port, hostPort: open[index]?.port ?? 0 })),
    close,
  };
}

async function forwardTcp(mapping: PortMapping, address: string): Promise<Forward> {
  const sockets = new Set<Socket>();
  // Either side may be done with speaking before it is done with listening.
  const allowHalfOpen = true;
  const server: Server = createServer({ allowHalfOpen, noDelay: true }, (near) => {
    const far = connect({ host: address, port: mapping.guestPort, allowHalfOpen, noDelay: true });
    for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on('error', () => other.resetAndDestroy());
      socket.on('close', () => sockets.delete(socket));
    }
  });
  await bound(mapping, (done, failed) => {
    server.on('error', failed);
    server.listen({ host: mapping.hostAddress, port: mapping.hostPort, exclusive: true }, done);
  });
  const own = server.address();
  return {
    port: typeof own === 'object' && own !== null ? own.port : mapping.hostPort,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Milliseconds of silence after which a client of a UDP port is forgotten. */
const IDLE_MS = 60_000;

/** Clients of one UDP port at a time; what comes from more is dropped, as UDP may be. */
const MAX_CLIENTS = 1024;

async function forwardUdp(mapping: PortMapping, address: string): Promise<Forward> {
  const server = createSocket('udp4');
  const clients = new Map<string, { readonly far: UdpSocket; readonly timer: NodeJS.Timeout }>();
  const forget = (key: string) => {
    clients.get(key)?.far.close();
    clearTimeout(clients.get(key)?.timer);
    clients.delete(key);
  };
  const clientOf = (key: string, { address: host, port }: RemoteInfo) => {
    const far = createSocket('udp4');
    far.on('error', () => forget(key));
    far.on('message', (message, from) => {
      if (from.address !== address || from.port !== mapping.guestPort) return;
      server.send(message, port, host, () => undefined);
    });
    const client = { far, timer: setTimeout(() => forget(key), IDLE_MS) };
    clients.set(key, client);
    return client;
  };
  await bound(mapping, (done, failed) => {
    server.on('error', failed);
    server.bind({ address: mapping.hostAddress, port: mapping.hostPort, exclusive: true }, done);
  });
  server.on('message', (message, from) => {
    const key = `${from.address}:${from.port}`;
    const known =
      clients.get(key) ?? (clients.size < MAX_CLIENTS ? clientOf(key, from) : undefined);
    known?.timer.refresh();
    known?.far.send(message, mapping.guestPort, address, () => undefined);
  });
  return {
    port: server.address().port,
    close: () => {
      server.close();
      for (const key of clients.keys()) forget(key);
    },
  };
}

/** @throws LupineError that says who has the port, or what else is the matter. */
async function bound(
  mapping: PortMapping,
  bind: (done: () => void, failed: (error: Error) => void) => void,
): Promise<void> {
  try {
    await new Promise<void>(bind);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw await portError(mapping, error);
  }
}
