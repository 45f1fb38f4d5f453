/** Networks are made, listed and removed; whoever lists them also puts right what the killed left. */

import { randomBytes } from 'node:crypto';
import { LupineError } from '../support/errors.js';
import { formatSubnet, freeSubnet, overlap, parseSubnet, poolText } from './cidr.js';
import { checkMayChangeNetworks, hostSubnets, mayChangeNetworks } from './host.js';
import { checkName } from './name.js';
import { gateway, macOf, subnetOf, tapOf, type NetworkRecord } from './record.js';
import { checkSubnetFree, settle, takeDown, tidy } from './settle.js';
import {
  addNetwork,
  forgetNetwork,
  networkNames,
  NoSuchNetwork,
  readEndpoints,
  readNetwork,
  withAllNetworks,
  withNetwork,
} from './store.js';

export interface NewNetwork {
  readonly name: string;
  /** `10.1.2.0/24`; a free one unless told. */
  readonly subnet?: string;
  /** No way to anything outside. */
  readonly internal: boolean;
}

/** A network as others see it. */
export interface NetworkView {
  readonly name: string;
  readonly created: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly internal: boolean;
  /** Its device. */
  readonly bridge: string;
  /** Those that run on it. */
  readonly vms: readonly {
    readonly name: string;
    readonly address: string;
    readonly mac: string;
    /** Its device on the host. */
    readonly tap: string;
  }[];
}

/** @throws LupineError for a bad or taken name or subnet, or without root; nothing is left then. */
export async function createNetwork(wanted: NewNetwork, signal?: AbortSignal): Promise<void> {
  const { name, internal } = wanted;
  checkName(name);
  const given = wanted.subnet === undefined ? undefined : parseSubnet(wanted.subnet);
  checkMayChangeNetworks();
  await withAllNetworks(async () => {
    const { networks } = await readAll();
    if (networks.some((other) => other.name === name)) {
      throw new LupineError('there is a network of this name', { where: name });
    }
    const network = {
      ...{ version: 1 as const, name, created: new Date().toISOString(), internal },
      subnet: formatSubnet(given ?? (await anySubnet(networks))),
      bridge: `lup-${randomBytes(3).toString('hex')}`,
    };
    await checkSubnet(network, networks);
    // Written down first: then what is made can be found again, whatever happens.
    await addNetwork(network);
    await withNetwork(name, async () => {
      try {
        await settle(network);
      } catch (error) {
        await takeDown(network).catch(() => undefined);
        await forgetNetwork(name);
        throw error;
      }
    });
  }, signal);
}

async function anySubnet(networks: readonly NetworkRecord[]) {
  const taken = [...(await hostSubnets()).map(({ subnet }) => subnet), ...networks.map(subnetOf)];
  const subnet = freeSubnet(taken);
  if (subnet !== undefined) return subnet;
  throw new LupineError('no subnet is free', {
    where: poolText,
    fix: 'remove a network, or choose one with --subnet',
  });
}

async function checkSubnet(
  network: NetworkRecord,
  networks: readonly NetworkRecord[],
): Promise<void> {
  // Another network first: its device may be among the host's.
  const other = networks.find((one) => overlap(subnetOf(one), subnetOf(network)));
  if (other !== undefined) {
    throw new LupineError('another network has addresses of this subnet', {
      where: `${network.subnet}: ${other.name} has ${other.subnet}`,
      fix: 'choose another with --subnet, or leave it out',
    });
  }
  await checkSubnetFree(network);
}

/** All networks, by name; and what could not be read, or not be put right. */
export async function listNetworks(): Promise<{
  readonly networks: readonly NetworkView[];
  readonly troubles: readonly LupineError[];
}> {
  const { networks, damaged } = await readAll();
  const troubles = [...damaged];
  for (const { name } of networks) {
    await putRight(name).catch((error: unknown) => {
      if (!(error instanceof LupineError)) throw error;
      if (!(error instanceof NoSuchNetwork)) troubles.push(error);
    });
  }
  return { networks: await Promise.all(networks.map(view)), troubles };
}

/** @throws LupineError when there is none. */
export async function inspectNetwork(name: string): Promise<NetworkView> {
  await putRight(name);
  return view(await readNetwork(name));
}

/** Removes what VMs left whose keepers are dead, where this process may. @throws LupineError. */
async function putRight(name: string): Promise<void> {
  const isTidy = async () => (await readEndpoints(name)).dead.length === 0;
  if ((await isTidy()) || !mayChangeNetworks()) return;
  await withNetwork(name, async (network) => {
    if (!(await isTidy())) await tidy(network);
  });
}

async function readAll(): Promise<{ networks: NetworkRecord[]; damaged: LupineError[] }> {
  const networks: NetworkRecord[] = [];
  const damaged: LupineError[] = [];
  for (const name of await networkNames()) {
    try {
      networks.push(await readNetwork(name));
    } catch (error) {
      if (!(error instanceof LupineError)) throw error;
      if (!(error instanceof NoSuchNetwork)) damaged.push(error);
    }
  }
  return { networks, damaged };
}

async function view(network: NetworkRecord): Promise<NetworkView> {
  const { name, created, subnet, internal, bridge } = network;
  const { live } = await readEndpoints(name);
  return {
    ...{ name, created, subnet, gateway: gateway(network), internal, bridge },
    vms: live.map(({ vm, address }) => ({
      ...{ name: vm, address, mac: macOf(address), tap: tapOf(network, address) },
    })),
  };
}

/** Removes a network. @throws LupineError when there is none, or a VM runs on it. */
export async function removeNetwork(name: string): Promise<void> {
  await readNetwork(name);
  checkMayChangeNetworks();
  await withNetwork(name, async (network) => {
    const { live } = await readEndpoints(name);
    if (live.length > 0) {
      throw new LupineError('the network is in use', {
        where: `${name} by ${live.map(({ vm }) => vm).join(', ')}`,
        fix: 'stop these VMs first',
      });
    }
    await takeDown(network);
    await forgetNetwork(name);
  });
}
