/** A VM comes to a network and goes from it: its address, its tap device, its name, its published ports. */

import type { Network, PortMapping } from '../monitor/index.js';
import { thisProcess } from '../support/alive.js';
import { LupineError } from '../support/errors.js';
import { formatAddress, freeAddress, numberOf } from './cidr.js';
import { forwardPorts } from './forward.js';
import { checkMayChangeNetworks } from './host.js';
import { gateway, macOf, subnetOf, tapOf, type Endpoint, type NetworkRecord } from './record.js';
import { settle } from './settle.js';
import { NoSuchNetwork, readEndpoints, withNetwork, writeEndpoint } from './store.js';

export interface Guest {
  /** Others find it by this name. */
  readonly vm: string;
  /** Its monitor's user. */
  readonly uid: number;
  readonly ports: readonly PortMapping[];
}

export interface Joined {
  /** For the monitor. */
  readonly network: Extract<Network, { mode: 'tap' }>;
  /** The published ports as they are, in the order they were asked for. */
  readonly ports: readonly PortMapping[];
  /** Removes what was made for the VM, which has ended. */
  leave(): Promise<void>;
}

/**
 * Makes a place on a network for a VM that this process keeps. What killed keepers left is removed on the
 * way; and when this process dies without `leave`, the next who looks removes it.
 * @throws LupineError when there is no such network, no address, a port in use, or without root.
 */
export async function joinNetwork(
  name: string,
  guest: Guest,
  signal?: AbortSignal,
): Promise<Joined> {
  // First: root's networks are not those of another user, who would only hear that there is none.
  checkMayChangeNetworks();
  const { network, endpoint } = await withNetwork(
    name,
    async (record) => ({ network: record, endpoint: await enter(record, guest) }),
    signal,
  );
  const { address } = endpoint;
  try {
    const forwards = await forwardPorts(guest.ports, address);
    return {
      network: {
        mode: 'tap',
        device: tapOf(network, address),
        mac: macOf(address),
        address: {
          address: `${address}/${subnetOf(network).bits}`,
          gateway: gateway(network),
          nameservers: [gateway(network)],
        },
      },
      ports: forwards.ports,
      leave: async () => {
        forwards.close();
        await leave(name, address);
      },
    };
  } catch (error) {
    await leave(name, address);
    throw error;
  }
}

async function enter(network: NetworkRecord, { vm, uid }: Guest): Promise<Endpoint> {
  const { live, dead } = await readEndpoints(network.name);
  // What they had may be given to this one.
  if (dead.length > 0) await settle(network);
  const taken = new Set(live.map(({ address }) => numberOf(address)));
  const free = freeAddress(subnetOf(network), taken);
  if (free === undefined) {
    throw new LupineError('every address of the network is taken', {
      where: `${network.name}: ${live.length} VMs on ${network.subnet}`,
      fix: 'stop one of them, or make a network with a larger --subnet',
    });
  }
  const address = formatAddress(free);
  const endpoint: Endpoint = { version: 1, vm, address, uid, owner: thisProcess() };
  await writeEndpoint(network.name, endpoint);
  try {
    await settle(network);
  } catch (error) {
    await settle(network, address).catch(() => undefined);
    throw error;
  }
  return endpoint;
}

async function leave(name: string, address: string): Promise<void> {
  try {
    await withNetwork(name, (network) => settle(network, address));
  } catch (error) {
    if (!(error instanceof NoSuchNetwork)) throw error;
  }
}
