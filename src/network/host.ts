/** The host's network devices, routes and packet filter, by ip(8) and nft(8). Changing them needs root. */

import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import { LupineError, isSystemError } from '../support/errors.js';
import { run } from '../support/process.js';
import { readSubnet, type Subnet } from './cidr.js';

/** Bit of CAP_NET_ADMIN (linux/capability.h). */
const NET_ADMIN = 12n;

/** Whether this process may change networks of this machine. */
export function mayChangeNetworks(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const admin = ((BigInt(`0x${effective ?? '0'}`) >> NET_ADMIN) & 1n) === 1n;
  return admin && process.geteuid?.() === 0;
}

/** @throws LupineError unless this process may change networks of this machine. */
export function checkMayChangeNetworks(): void {
  if (mayChangeNetworks()) return;
  const root = process.geteuid?.() === 0;
  throw new LupineError('a network of VMs needs root, for bridges and tap devices', {
    where: root ? 'root is here without CAP_NET_ADMIN' : 'this is another user',
    fix: root
      ? 'give the container that this runs in the capability NET_ADMIN, or use --network user'
      : 'use sudo for all that has to do with it, or --network user, which needs none',
  });
}

/** Root's, where a user's PATH may not have them. */
const environment = () => ({ PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` });

/** What it printed. @throws LupineError where it fails. */
export async function ip(...args: readonly string[]): Promise<string> {
  const options = { env: environment(), install: 'apt-get install iproute2' };
  return (await run('ip', args, options)).stdout;
}

/** Runs a script of nft(8): all of it happens, or nothing. @throws LupineError where it is refused. */
export async function nft(script: string): Promise<void> {
  const install = 'apt-get install nftables';
  const options = { env: environment(), install, input: script, accept: [0, 1] };
  const { status, stderr } = await run('nft', ['-f', '-'], options);
  if (status === 0) return;
  throw new LupineError('the packet filter cannot be changed', {
    // `FILE:LINE:COLUMNS: Error: REASON`, then the line and what of it is meant.
    where: /^.*Error: .*\n.*/m.exec(stderr)?.[0].replace(/\s+/g, ' ') ?? stderr.trim(),
    fix: 'the kernel needs nftables with NAT, connection tracking, and tables for bridges',
  });
}

/** Starts a program that goes to the background by itself. @throws LupineError where it fails. */
export async function daemon(program: string, args: readonly string[], install: string) {
  await run(program, args, { env: environment(), install });
}

const LinksSchema = v.array(
  v.object({
    ifname: v.string(),
    /** The bridge it is on. */
    master: v.optional(v.string()),
    linkinfo: v.optional(v.object({ info_kind: v.optional(v.string()) })),
  }),
);
export type Link = v.InferOutput<typeof LinksSchema>[number];

/** The network devices of this machine. */
export async function links(): Promise<Link[]> {
  return parse(LinksSchema, await ip('-json', '-details', 'link', 'show'));
}

const RoutesSchema = v.array(
  v.object({ dst: v.string(), dev: v.optional(v.string()), type: v.optional(v.string()) }),
);

/** Where this machine sends packets to, and what it has itself, but for what follows from one device. */
export async function hostSubnets(
  except?: string,
): Promise<{ readonly subnet: Subnet; readonly device: string }[]> {
  const routes = parse(RoutesSchema, await ip('-json', '-4', 'route', 'show', 'table', 'all'));
  return routes.flatMap(({ dst, dev = 'no device', type }) => {
    const subnet = readSubnet(dst);
    // The default route has every address, and takes none from anybody.
    if (subnet === undefined || subnet.bits === 0 || dev === except) return [];
    return type === 'broadcast' || type === 'multicast' ? [] : [{ subnet, device: dev }];
  });
}

function parse<T extends v.GenericSchema>(schema: T, text: string): v.InferOutput<T> {
  try {
    // Nothing at all where there is nothing to tell.
    return v.parse(schema, text.trim() === '' ? [] : JSON.parse(text));
  } catch (cause) {
    throw new LupineError('ip does not speak JSON as expected', {
      where: text.slice(0, 80),
      fix: 'iproute2 5.0 or newer is needed',
      cause,
    });
  }
}

/** Sets a variable of sysctl(8), by its path: `ipv4/ip_forward`. Nothing where the kernel has none. */
export async function sysctl(name: string, value: string): Promise<void> {
  const path = `/proc/sys/net/${name}`;
  try {
    if (readFileSync(path, 'utf8').trim() !== value) await writeFile(path, value);
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT')) return;
    throw new LupineError('a variable of the network cannot be set', { where: path, cause });
  }
}
