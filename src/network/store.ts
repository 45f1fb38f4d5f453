/**
 * The networks of this user as files. A network appears and disappears by one rename; its VMs come and go,
 * and what the host has of it is changed, under the network's lock.
 */

import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../support/alive.js';
import { writeWhole } from '../support/atomic-file.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { lock } from '../support/lock.js';
import { stateDirectory } from '../support/paths.js';
import { temporaryDirectory } from '../support/temporary.js';
import { numberOf } from './cidr.js';
import { NAME } from './name.js';
import { parseEndpoint, parseRecord, type Endpoint, type NetworkRecord } from './record.js';

const RECORD = 'network.json';
const ENDPOINTS = 'endpoints';

const root = () => join(stateDirectory(), 'networks');
const endpointFile = (name: string, address: string) =>
  join(root(), name, ENDPOINTS, `${address}.json`);

/** There is none, or not any more. */
export class NoSuchNetwork extends LupineError {
  constructor(name: string) {
    super('no such network', {
      where: name,
      fix: 'lupine network ls lists them, lupine network create makes one',
    });
  }
}

/** The names of all networks, in order. */
export async function networkNames(): Promise<string[]> {
  return (await entries(root())).filter((name) => NAME.test(name)).sort();
}

/** @throws LupineError when there is none, or it cannot be read. */
export async function readNetwork(name: string): Promise<NetworkRecord> {
  if (!NAME.test(name)) throw new NoSuchNetwork(name);
  const path = join(root(), name, RECORD);
  try {
    return parseRecord(await readFile(path, 'utf8'), path);
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT') && !existsSync(join(root(), name))) {
      throw new NoSuchNetwork(name);
    }
    if (!isSystemError(cause)) throw cause;
    throw new LupineError('a file of a network is damaged', { where: path, cause });
  }
}

/** Writes a new network down. @throws LupineError where its name is taken. */
export async function addNetwork(network: NetworkRecord): Promise<void> {
  const temporary = await temporaryDirectory(root());
  try {
    await mkdir(join(temporary, ENDPOINTS));
    await writeWhole(join(temporary, RECORD), `${JSON.stringify(network)}\n`);
    await rename(temporary, join(root(), network.name));
  } catch (error) {
    if (!isSystemError(error, 'ENOTEMPTY') && !isSystemError(error, 'EEXIST')) throw error;
    throw new LupineError('there is a network of this name', { where: network.name });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Forgets a network. Under its lock, and once nothing of it is left elsewhere. */
export async function forgetNetwork(name: string): Promise<void> {
  const trash = await temporaryDirectory(root());
  try {
    await rename(join(root(), name), join(trash, 'network'));
  } finally {
    await rm(trash, { recursive: true, force: true });
  }
}

/** Does something while no other process changes this network. @throws LupineError when it is gone. */
export async function withNetwork<T>(
  name: string,
  work: (network: NetworkRecord) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  // Before there is a lock of this name.
  await readNetwork(name);
  return locked(name, async () => work(await readNetwork(name)), signal);
}

/** Does something while no other process chooses a subnet. */
export function withAllNetworks<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  return locked('.all', work, signal);
}

async function locked<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const held = await lock(join(root(), '.locks', name), { signal });
  try {
    return await work();
  } finally {
    await held.release();
  }
}

/** The VMs that are written down; `dead`: the addresses of those that nobody keeps any more. */
export async function readEndpoints(
  name: string,
): Promise<{ readonly live: Endpoint[]; readonly dead: string[] }> {
  const live: Endpoint[] = [];
  const dead: string[] = [];
  for (const file of await entries(join(root(), name, ENDPOINTS))) {
    const address = /^([\d.]+)\.json$/.exec(file)?.[1];
    if (address === undefined) continue;
    const text = await readFile(endpointFile(name, address), 'utf8').catch(() => undefined);
    // Gone since it was listed.
    if (text === undefined) continue;
    const endpoint = parseEndpoint(text);
    if (endpoint !== undefined && isAlive(endpoint.owner)) live.push(endpoint);
    else dead.push(address);
  }
  live.sort((a, b) => numberOf(a.address) - numberOf(b.address));
  return { live, dead };
}

/** Under the network's lock. */
export async function writeEndpoint(name: string, endpoint: Endpoint): Promise<void> {
  // What a crash of the machine loses of it is of no more use.
  const text = `${JSON.stringify(endpoint)}\n`;
  await writeWhole(endpointFile(name, endpoint.address), text, { durable: false });
}

/** Under the network's lock, and once nothing of it is left elsewhere. */
export async function forgetEndpoint(name: string, address: string): Promise<void> {
  await rm(endpointFile(name, address), { force: true });
}

async function entries(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  });
}
