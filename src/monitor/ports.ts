/**
 * Published ports, looked at before a monitor is started: a port in use is an error that names its
 * owner, and port 0 becomes a free one. Somebody may still take a port between this look and the
 * monitor's own bind; then the monitor says so itself.
 */

import type { Socket } from 'node:dgram';
import { readFile, readdir, readlink } from 'node:fs/promises';
import type { Server } from 'node:net';
import { isIPv4 } from 'node:net';
import { LupineError, isSystemError } from '../support/errors.js';
import type { PortMapping } from './types.js';

/**
 * Returns the mappings with every port 0 replaced by a free port.
 * @throws LupineError naming the first port that cannot be had, and why.
 */
export async function claimPorts(ports: readonly PortMapping[]): Promise<PortMapping[]> {
  checkPorts(ports);
  const claims: Claim[] = [];
  try {
    // All stay bound until the last one is: two port 0 must not become the same.
    for (const port of ports) claims.push(await claim(port));
    return ports.map((port, index) => ({ ...port, hostPort: claims[index]?.port ?? 0 }));
  } finally {
    await Promise.all(claims.map((held) => held.release()));
  }
}

interface Claim {
  readonly port: number;
  readonly release: () => Promise<void>;
}

/** @throws LupineError for what nobody can publish: no IPv4 address, or one port twice. */
export function checkPorts(ports: readonly PortMapping[]): void {
  ports.forEach(({ hostAddress, hostPort, protocol }, index) => {
    if (!isIPv4(hostAddress)) {
      throw new LupineError('not an IPv4 address', {
        where: hostAddress,
        fix: 'publish the port on an IPv4 address of this machine',
      });
    }
    const all = '0.0.0.0';
    const twice = ports.slice(0, index).some((other) => {
      const same = other.hostPort === hostPort && other.protocol === protocol && hostPort !== 0;
      return same && (hostAddress === all || [hostAddress, all].includes(other.hostAddress));
    });
    if (!twice) return;
    throw new LupineError('a port is published twice', {
      where: `${hostAddress}:${hostPort}/${protocol}`,
      fix: 'publish it once, or on another port',
    });
  });
}

async function claim(port: PortMapping): Promise<Claim> {
  try {
    return port.protocol === 'tcp' ? await claimTcp(port) : await claimUdp(port);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw await portError(port, error);
  }
}

async function claimTcp({ hostAddress, hostPort }: PortMapping): Promise<Claim> {
  const { createServer } = await import('node:net');
  const server: Server = createServer();
  await new Promise<void>((bound, failed) => {
    server.once('error', failed);
    server.listen({ host: hostAddress, port: hostPort, exclusive: true }, bound);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : hostPort,
    release: () => new Promise((released) => server.close(() => released())),
  };
}

async function claimUdp({ hostAddress, hostPort }: PortMapping): Promise<Claim> {
  const { createSocket } = await import('node:dgram');
  const socket: Socket = createSocket('udp4');
  await new Promise<void>((bound, failed) => {
    socket.once('error', failed);
    socket.bind({ address: hostAddress, port: hostPort, exclusive: true }, bound);
  });
  return {
    port: socket.address().port,
    release: () => new Promise((released) => socket.close(() => released())),
  };
}

/** Why a port cannot be had, in words. */
export async function portError(
  port: PortMapping,
  error: NodeJS.ErrnoException,
): Promise<LupineError> {
  const where = `${port.hostAddress}:${port.hostPort}/${port.protocol}`;
  switch (error.code) {
    case 'EADDRINUSE': {
      const owner = await portOwner(port);
      return new LupineError('the port is in use', {
        where: owner === undefined ? where : `${where} by ${owner}`,
        fix: 'publish another port, or end the program that holds it',
        cause: error,
      });
    }
    case 'EACCES':
      return new LupineError('the port needs privileges', {
        where,
        fix: 'publish a port from 1024 up',
        cause: error,
      });
    case 'EADDRNOTAVAIL':
      return new LupineError('this machine has no such address', { where, cause: error });
    default:
      return new LupineError('the port cannot be had', {
        where: `${where} (${error.code ?? error.message})`,
        cause: error,
      });
  }
}

/** Who holds a port, as `name (pid)`, as far as this user may know. */
async function portOwner({ hostPort, protocol }: PortMapping): Promise<string | undefined> {
  const tables = await Promise.all(
    [`/proc/net/${protocol}`, `/proc/net/${protocol}6`].map((path) =>
      readFile(path, 'utf8').catch(() => ''),
    ),
  );
  const inodes = new Set(tables.flatMap((table) => boundSockets(table, hostPort, protocol)));
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const fd of fds) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined && inodes.has(inode)) {
        const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program');
        return `${name.trim()} (pid ${pid})`;
      }
    }
  }
  return undefined;
}

/** Inodes of the sockets bound to a port, of a /proc/net/{tcp,udp}{,6} table. Source: proc(5). */
export function boundSockets(table: string, port: number, protocol: 'tcp' | 'udp'): string[] {
  const LISTEN = '0A';
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local, , state]) =>
        parseInt(local?.split(':')[1] ?? '', 16) === port &&
        (protocol === 'udp' || state === LISTEN),
    )
    .flatMap((fields) => fields[9] ?? []);
}
