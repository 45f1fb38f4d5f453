/**
 * Makes the host be as the files of a network say: bridge, tap devices, packet filter and name server are
 * there for the VMs of now and for no others. Doing it twice changes nothing, and whoever was killed in the
 * middle of it has left nothing that the next does not put right. Under the network's lock.
 */

import { LupineError } from '../support/errors.js';
import { overlap, parseSubnet } from './cidr.js';
import { hostSubnets, ip, links, nft, sysctl, type Link } from './host.js';
import { endNames, serveNames } from './names.js';
import { gateway, macOf, tapOf, tapPrefix, type Endpoint, type NetworkRecord } from './record.js';
import { noRules, rules } from './rules.js';
import { forgetEndpoint, readEndpoints } from './store.js';

/**
 * @param without the address of a VM that is to be there no more.
 * @throws LupineError where the host does not allow it.
 */
export async function settle(network: NetworkRecord, without?: string): Promise<void> {
  const { live, dead } = await readEndpoints(network.name);
  const endpoints = live.filter(({ address }) => address !== without);
  const there = await links();
  await makeBridge(network, there);
  // First the rules: no VM is ever without them.
  await nft(rules(network, endpoints));
  await makeTaps(network, endpoints, there);
  if (endpoints.length > 0) await serveNames(network, endpoints);
  else await endNames(network);
  for (const gone of [...dead, ...(without === undefined ? [] : [without])]) {
    await forgetEndpoint(network.name, gone);
  }
}

/**
 * Removes what VMs left whose keepers are dead. Nothing is made: where the bridge is gone too, as after a
 * restart of the machine, it is for the next VM to make it again.
 */
export async function tidy(network: NetworkRecord): Promise<void> {
  const { live, dead } = await readEndpoints(network.name);
  const bridged = (await links()).some(({ ifname }) => ifname === network.bridge);
  if (bridged || live.length > 0) return settle(network);
  await takeDown(network);
  for (const gone of dead) await forgetEndpoint(network.name, gone);
}

/** Removes all that the host has of a network. */
export async function takeDown(network: NetworkRecord): Promise<void> {
  const { bridge } = network;
  await endNames(network);
  const there = await links();
  await makeTaps(network, [], there);
  if (there.some(({ ifname }) => ifname === bridge)) await ip('link', 'delete', 'dev', bridge);
  await nft(noRules(network));
}

async function makeBridge(network: NetworkRecord, there: readonly Link[]): Promise<void> {
  const { bridge, subnet, internal } = network;
  const address = gateway(network);
  const found = there.find(({ ifname }) => ifname === bridge);
  if (found === undefined) {
    await checkSubnetFree(network);
    // An address of its own: otherwise it changes with the VMs that come and go.
    await ip('link', 'add', 'name', bridge, 'address', macOf(address), 'type', 'bridge');
  } else if (found.linkinfo?.info_kind !== 'bridge') {
    throw nameTaken(bridge);
  }
  await sysctl(`ipv6/conf/${bridge}/disable_ipv6`, '1');
  await ip('address', 'replace', `${address}/${subnet.split('/')[1] ?? ''}`, 'dev', bridge);
  await ip('link', 'set', 'dev', bridge, 'up');
  if (!internal) await sysctl('ipv4/ip_forward', '1');
}

/** @throws LupineError where the host sends packets for the subnet elsewhere. */
export async function checkSubnetFree({ subnet, bridge, name }: NetworkRecord): Promise<void> {
  const wanted = parseSubnet(subnet);
  const other = (await hostSubnets(bridge)).find((route) => overlap(route.subnet, wanted));
  if (other === undefined) return;
  throw new LupineError('this machine uses addresses of the subnet elsewhere', {
    where: `${subnet} of ${name}, on ${other.device}`,
    fix: 'choose another with --subnet; ip route shows what is in use',
  });
}

async function makeTaps(
  network: NetworkRecord,
  endpoints: readonly Endpoint[],
  there: readonly Link[],
): Promise<void> {
  const { bridge } = network;
  const wanted = new Map(endpoints.map((one) => [tapOf(network, one.address), one]));
  for (const { ifname, linkinfo } of there) {
    const ours = ifname.startsWith(tapPrefix(network)) && linkinfo?.info_kind === 'tun';
    if (ours && !wanted.has(ifname)) await ip('link', 'delete', 'dev', ifname);
  }
  for (const [tap, { uid }] of wanted) {
    const found = there.find(({ ifname }) => ifname === tap);
    if (found?.master === bridge) continue;
    if (found === undefined) {
      await ip('tuntap', 'add', 'dev', tap, 'mode', 'tap', 'user', String(uid));
    } else if (found.linkinfo?.info_kind !== 'tun') {
      throw nameTaken(tap);
    }
    await ip('link', 'set', 'dev', tap, 'master', bridge, 'up');
  }
}

function nameTaken(device: string): LupineError {
  return new LupineError('there is another network device of this name', {
    where: device,
    fix: `remove it: sudo ip link delete ${device}`,
  });
}
