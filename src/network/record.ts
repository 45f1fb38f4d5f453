/**
 * What is on disk of a network: `network.json`, and a file for each VM on it, named by its address. A VM's
 * file is there before anything is made for it and until all that is gone, and names the process that keeps
 * the VM: when that is dead, so is the file's word. The rest (gateway, hardware addresses, names of devices)
 * follows from the two.
 */

import * as v from 'valibot';
import { LupineError } from '../support/errors.js';
import { formatAddress, gatewayOf, numberOf, readSubnet, type Subnet } from './cidr.js';
import { NAME } from './name.js';

const RecordSchema = v.object({
  version: v.literal(1),
  name: v.pipe(v.string(), v.regex(NAME)),
  created: v.pipe(v.string(), v.isoTimestamp()),
  subnet: v.pipe(
    v.string(),
    v.check((text) => readSubnet(text) !== undefined, 'no subnet'),
  ),
  /** Without a way to anything outside. */
  internal: v.boolean(),
  /** Its device; its tables of nftables are called so too. */
  bridge: v.pipe(v.string(), v.regex(/^lup-[0-9a-f]{6}$/)),
});
export type NetworkRecord = v.InferOutput<typeof RecordSchema>;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const EndpointSchema = v.object({
  version: v.literal(1),
  /** The VM's name at its start: others find it by it. */
  vm: v.string(),
  address: v.pipe(v.string(), v.ipv4()),
  /** Whose the tap device is. */
  uid: count,
  /** The keeper of the VM. */
  owner: v.object({ pid: count, start: v.string(), boot: v.string() }),
});
export type Endpoint = v.InferOutput<typeof EndpointSchema>;

/** @throws LupineError for a text that is none. */
export function parseRecord(text: string, where: string): NetworkRecord {
  const network = parse(RecordSchema, text);
  if (network !== undefined) return network;
  throw new LupineError('the file of a network is damaged', { where, fix: 'remove its directory' });
}

/** Undefined for a text that is none, such as an empty one after a crash of the machine. */
export function parseEndpoint(text: string): Endpoint | undefined {
  return parse(EndpointSchema, text);
}

function parse<T extends v.GenericSchema>(schema: T, text: string): v.InferOutput<T> | undefined {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function subnetOf({ subnet }: NetworkRecord): Subnet {
  return readSubnet(subnet) ?? { base: 0, bits: 32 };
}

/** The host's address on it: where its VMs find the name server, and the way out. */
export function gateway(network: NetworkRecord): string {
  return formatAddress(gatewayOf(subnetOf(network)));
}

/** Locally administered; as no two have an address in common, no two have this. */
export function macOf(address: string): string {
  const parts = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['02', '4c', ...parts].join(':');
}

/** At most 15 characters: the number of the address in its subnet, to base 36, has up to 4. */
export function tapOf(network: NetworkRecord, address: string): string {
  const index = numberOf(address) - subnetOf(network).base;
  return `${network.bridge}.${index.toString(36)}`;
}

/** What the names of its tap devices begin with. */
export function tapPrefix({ bridge }: NetworkRecord): string {
  return `${bridge}.`;
}
