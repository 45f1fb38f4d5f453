/** Flags as docker users write them, turned into values. Each parser throws what commander shows well. */

import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { isIP } from 'node:net';
import type { PullPolicy } from '../image/index.js';
import type { RestartPolicy } from '../instance/index.js';
import type { Jail, MonitorName, PortMapping } from '../monitor/index.js';
import { LupineError } from '../support/errors.js';
import { parseSize } from '../support/size.js';

/** Collects a flag that may be given several times. */
export function several(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Comma-separated and repeated: `--variant tiny,smp --variant x`. */
export function list(value: string, before: readonly string[] = []): string[] {
  return [...before, ...value.split(',').filter((part) => part !== '')];
}

/** `[ADDRESS:][HOSTPORT:]PORT[/tcp|udp]`; bound to loopback unless an address says otherwise. */
export function publish(value: string, before: readonly PortMapping[] = []): PortMapping[] {
  const match =
    /^(?:(?:\[([0-9a-f:]+)\]|(\d+(?:\.\d+){3})):)?(?:(\d{0,5}):)?(\d{1,5})(?:\/(tcp|udp))?$/.exec(
      value,
    );
  if (match === null) {
    throw new InvalidArgumentError('expected [ADDRESS:][HOSTPORT:]PORT[/tcp|udp], e.g. 8080:80');
  }
  const address = match[1] ?? match[2] ?? '127.0.0.1';
  if (isIP(address) === 0) throw new InvalidArgumentError(`${address} is no IP address`);
  const guestPort = portNumber(match[4] ?? '');
  // Docker takes any free port where none is named; 0 asks the system for one.
  const hostPort = match[3] === undefined || match[3] === '' ? 0 : portNumber(match[3]);
  const protocol = match[5] === 'udp' ? 'udp' : 'tcp';
  return [...before, { hostAddress: address, hostPort, guestPort, protocol }];
}

function portNumber(digits: string): number {
  const port = Number(digits);
  if (port < 1 || port > 65_535)
    throw new InvalidArgumentError(`${digits} is no port (1 to 65535)`);
  return port;
}

/** `--pull`, with docker's words and docker's default. */
export function addPullFlag(command: Command): Command {
  return command.option(
    '--pull <when>',
    'ask a registry for its image: always, missing (not for one that is here) or never; missing unless told',
    pullPolicy,
  );
}

/** When a registry is asked. */
export function pullPolicy(value: string): PullPolicy {
  if (value === 'always' || value === 'missing' || value === 'never') return value;
  throw new InvalidArgumentError('expected always, missing or never');
}

/** A size in bytes: `64M`. */
export function size(value: string): number {
  const bytes = parseSize(value);
  if (bytes === undefined || bytes === 0) {
    throw new InvalidArgumentError('expected a size such as 64M or 1g');
  }
  return bytes;
}

/** Seconds, whole ones. */
export function seconds(value: string): number {
  if (/^\d{1,6}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('expected a number of seconds');
}

/** `--restart`, in docker's words. */
export function restartPolicy(value: string): RestartPolicy {
  const match = /^(no|always|on-failure)(?::(\d{1,6}))?$/.exec(value);
  const [, policy, retries] = match ?? [];
  if (policy === 'on-failure') {
    return retries === undefined ? { policy } : { policy, retries: Number(retries) };
  }
  if ((policy === 'no' || policy === 'always') && retries === undefined) return { policy };
  throw new InvalidArgumentError('expected no, always or on-failure[:N]');
}

/** A whole number of processors. Docker allows fractions of a processor; a VM has none. */
export function cpus(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1 || count > 255) {
    throw new InvalidArgumentError('expected a whole number of CPUs from 1 to 255');
  }
  return count;
}

/** `--monitor`. */
export function monitorName(value: string): MonitorName {
  if (value === 'qemu' || value === 'firecracker') return value;
  throw new InvalidArgumentError('expected qemu or firecracker');
}

/** `--jail UID:GID`: numbers, since such a user needs no name. */
export function jail(value: string): Jail {
  const match = /^(\d{1,9}):(\d{1,9})$/.exec(value);
  const [uid, gid] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || uid === 0 || gid === 0) {
    throw new InvalidArgumentError('expected UID:GID, both from 1, e.g. 61000:61000');
  }
  return { uid, gid };
}

/** `-e NAME=value`, and `-e NAME` for the value in this process's environment (nothing where unset). */
export function environment(value: string, before: readonly string[] = []): string[] {
  if (value.startsWith('=') || value === '') {
    throw new InvalidArgumentError('expected NAME=VALUE or NAME');
  }
  if (value.includes('=')) return [...before, value];
  const inherited = process.env[value];
  return inherited === undefined ? [...before] : [...before, `${value}=${inherited}`];
}

/** Lines of an `--env-file`, as docker reads them: comments and empty lines skipped, no quoting. */
export async function environmentFile(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new LupineError('cannot read the environment file', { where: path, cause });
  }
  return text.split('\n').flatMap((raw, index) => {
    const line = raw.replace(/\r$/, '').trimStart();
    if (line === '' || line.startsWith('#')) return [];
    if (line.startsWith('=') || /\s/.test(line.split('=')[0] ?? '')) {
      throw new LupineError('not a NAME=VALUE line', { where: `${path}:${index + 1}` });
    }
    return environment(line);
  });
}

/** `--with EPOLL`, `--with CONFIG_NR_CPUS=4`: a Kconfig option for the kernel. */
export function kernelOption(
  value: string,
  before: readonly { name: string; value: string }[] = [],
): { name: string; value: string }[] {
  const match = /^(?:CONFIG_)?([A-Z0-9][A-Za-z0-9_]*)(?:=(.*))?$/.exec(value);
  if (match === null) throw new InvalidArgumentError('expected OPTION or OPTION=VALUE, e.g. EPOLL');
  return [...before, { name: match[1] ?? '', value: match[2] ?? 'y' }];
}
