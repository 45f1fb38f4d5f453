/**
 * The name server of a network: dnsmasq(8) at the host's address on its bridge, as nobody. It runs while
 * there is a VM on the network, and knows these by their names; other names it asks the host's servers for,
 * unless the network is internal.
 *
 * It is known by its command line, which names a file of this network only. Its number alone could be another
 * process's by now, and who was killed as he started it has not written that down.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeWhole } from '../support/atomic-file.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { daemon } from './host.js';
import { gateway, type Endpoint, type NetworkRecord } from './record.js';

/** Not with the state: nobody may not look into root's home directory. Empty after a start of the machine. */
const RUN = '/run/lupine';

const POLL_MS = 5;
const END_LIMIT_MS = 2_000;

const directoryOf = ({ bridge }: NetworkRecord) => join(RUN, bridge);
const hostsFile = (network: NetworkRecord) => join(directoryOf(network), 'hosts');
const pidFile = (network: NetworkRecord) => join(directoryOf(network), 'dnsmasq.pid');

/** Makes the names of these VMs known, and starts the server where it does not run. @throws LupineError. */
export async function serveNames(
  network: NetworkRecord,
  endpoints: readonly Endpoint[],
): Promise<void> {
  await mkdir(directoryOf(network), { recursive: true });
  const lines = endpoints.map(({ address, vm }) => `${address}\t${vm}\n`);
  await writeWhole(hostsFile(network), lines.join(''), { durable: false });
  // Whatever root's umask is: nobody reads it.
  await Promise.all([RUN, directoryOf(network)].map((path) => chmod(path, 0o755)));
  await chmod(hostsFile(network), 0o644);
  const running = serversOf(network);
  // It reads the file anew.
  for (const pid of running) signal(pid, 'SIGHUP');
  if (running.length > 0) return;
  try {
    await daemon('dnsmasq', serverArgs(network), 'apt-get install dnsmasq-base');
  } catch (error) {
    if (!(error instanceof LupineError) || !/in use/.test(error.line)) throw error;
    throw new LupineError("the port of the network's name server is in use", {
      where: `${gateway(network)}:53`,
      fix: 'let the other name server of this machine listen on its own addresses only',
      cause: error,
    });
  }
}

/** The arguments after the program's name. */
export function serverArgs(network: NetworkRecord): string[] {
  return [
    '--conf-file=/dev/null',
    `--pid-file=${pidFile(network)}`,
    '--user=nobody',
    ...['--bind-interfaces', `--listen-address=${gateway(network)}`],
    ...['--no-hosts', `--addn-hosts=${hostsFile(network)}`],
    // What looks like the name of a VM, or has a private address, is asked of nobody else.
    ...['--domain-needed', '--bogus-priv'],
    ...(network.internal ? ['--no-resolv'] : []),
  ];
}

/** Ends the server and removes its files, if there are any. */
export async function endNames(network: NetworkRecord): Promise<void> {
  const limit = Date.now() + END_LIMIT_MS;
  for (const pid of serversOf(network)) signal(pid, 'SIGTERM');
  for (;;) {
    const left = serversOf(network);
    if (left.length === 0) break;
    if (Date.now() > limit) for (const pid of left) signal(pid, 'SIGKILL');
    await sleep(POLL_MS);
  }
  await rm(directoryOf(network), { recursive: true, force: true });
}

/** The processes that are the server of this network: one, or none. */
function serversOf(network: NetworkRecord): number[] {
  const own = `--pid-file=${pidFile(network)}`;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => wordsOf(pid).includes(own)).map(Number);
}

/** Of its command line; none where it has just ended. */
function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error;
  }
}
