/** IPv4 subnets as text and as numbers, and the addresses in them. */

import { isIPv4 } from 'node:net';
import { LupineError } from '../support/errors.js';

export interface Subnet {
  /** The first address, as an unsigned number of 32 bits. */
  readonly base: number;
  /** The prefix length. */
  readonly bits: number;
}

/** Room for a gateway and a VM at least; no more than names of tap devices can number. */
const MOST_BITS = 30;
const LEAST_BITS = 12;

/** This network, loopback, link-local addresses; multicast and what is reserved: no VM can have these. */
const unusable = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'];

/** Reads `10.1.2.0/24`. @throws LupineError for another form, and for what no network of VMs can have. */
export function parseSubnet(text: string): Subnet {
  const subnet = readSubnet(text);
  if (subnet === undefined) {
    throw new LupineError('not a subnet', { where: text, fix: 'use the form 10.1.2.0/24' });
  }
  const { base, bits } = subnet;
  if (bits > MOST_BITS || bits < LEAST_BITS) {
    throw new LupineError('not a subnet for VMs', {
      where: text,
      fix: `use a prefix length from ${LEAST_BITS} to ${MOST_BITS}`,
    });
  }
  const start = (base - (base % sizeOf(subnet))) >>> 0;
  if (start !== base) {
    const fix = `use ${formatSubnet({ base: start, bits })}`;
    throw new LupineError('the address has bits beyond the prefix of its subnet', {
      where: text,
      fix,
    });
  }
  const reserved = unusable.find((other) => overlap(subnet, readSubnet(other) ?? subnet));
  if (reserved !== undefined) {
    throw new LupineError('VMs cannot have addresses of this subnet', {
      where: `${text} overlaps ${reserved}`,
      fix: 'use a private one, such as 10.1.2.0/24',
    });
  }
  return subnet;
}

/** A subnet, or one address, as routes have them; undefined for another form. */
export function readSubnet(text: string): Subnet | undefined {
  const [address = '', length = '32', ...more] = text.split('/');
  if (more.length > 0 || !isIPv4(address) || !/^(0|[1-9]\d?)$/.test(length)) return undefined;
  const bits = Number(length);
  return bits > 32 ? undefined : { base: numberOf(address), bits };
}

export function formatSubnet({ base, bits }: Subnet): string {
  return `${formatAddress(base)}/${bits}`;
}

/** @param address of four decimal parts. */
export function numberOf(address: string): number {
  return address.split('.').reduce((value, part) => value * 256 + Number(part), 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

/** How many addresses, with the first and the last, which nobody can have. */
export function sizeOf({ bits }: Subnet): number {
  return 2 ** (32 - bits);
}

/** Whether they have an address in common. */
export function overlap(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
}

/** Of the host. */
export function gatewayOf({ base }: Subnet): number {
  return base + 1;
}

/** The lowest address of a VM that is free; undefined when there is none. */
export function freeAddress(subnet: Subnet, taken: ReadonlySet<number>): number | undefined {
  const last = subnet.base + sizeOf(subnet) - 1;
  for (let address = gatewayOf(subnet) + 1; address < last; address++) {
    if (!taken.has(address)) return address;
  }
  return undefined;
}

const POOL: Subnet = { base: numberOf('10.207.0.0'), bits: 16 };
const POOL_BITS = 24;

/** The first subnet of the pool that overlaps none of these; undefined when there is none. */
export function freeSubnet(taken: readonly Subnet[]): Subnet | undefined {
  const step = 2 ** (32 - POOL_BITS);
  for (let base = POOL.base; base < POOL.base + sizeOf(POOL); base += step) {
    const subnet = { base, bits: POOL_BITS };
    if (!taken.some((other) => overlap(subnet, other))) return subnet;
  }
  return undefined;
}

/** What is said when there is none. */
export const poolText = `${formatSubnet(POOL)} in parts of /${POOL_BITS}`;
