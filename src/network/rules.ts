/**
 * The packet filter of one network, as a script of nft(8). Pure. The whole of it is replaced at once
 * whenever a VM comes or goes, so it never has to be compared with what is there.
 *
 * What it says: VMs of the network reach each other; out of it only what the host translates, unless it is
 * internal; into it only the host itself, and answers. Of the host they reach the name server. And no VM can
 * pose as another: what comes out of a tap device has the addresses of its VM.
 */

import { gateway, macOf, tapOf, tapPrefix, type Endpoint, type NetworkRecord } from './record.js';

/** Removes what there may be of it. */
export function noRules({ bridge }: NetworkRecord): string {
  // The first of each two lines makes the second one right where there is none.
  return ['inet', 'bridge']
    .flatMap((family) => [`table ${family} ${bridge}`, `delete table ${family} ${bridge}`])
    .map((line) => `${line}\n`)
    .join('');
}

export function rules(network: NetworkRecord, endpoints: readonly Endpoint[]): string {
  const { bridge, subnet, internal } = network;
  const host = gateway(network);
  return `${noRules(network)}
table inet ${bridge} {
	chain input {
		type filter hook input priority filter; policy accept;
		iifname != "${bridge}" accept
		ct state established,related accept
		ip daddr ${host} udp dport 53 accept
		ip daddr ${host} tcp dport 53 accept
		icmp type echo-request accept
		drop
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		iifname "${bridge}" oifname "${bridge}" accept
		oifname "${bridge}" ct state established,related accept
		oifname "${bridge}" drop
		${internal ? `iifname "${bridge}" drop` : `iifname "${bridge}" meta nfproto != ipv4 drop`}
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		${internal ? '' : `ip saddr ${subnet} oifname != "${bridge}" masquerade`}
	}
}
table bridge ${bridge} {
	set members {
		type ifname . ether_addr . ipv4_addr
		${elements(network, endpoints)}
	}
	chain prerouting {
		type filter hook prerouting priority filter; policy accept;
		iifname != "${tapPrefix(network)}*" accept
		iifname . ether saddr . ip saddr @members accept
		iifname . ether saddr . arp saddr ip @members accept
		drop
	}
}
`;
}

function elements(network: NetworkRecord, endpoints: readonly Endpoint[]): string {
  if (endpoints.length === 0) return '';
  const members = endpoints.map(
    ({ address }) => `"${tapOf(network, address)}" . ${macOf(address)} . ${address}`,
  );
  return `elements = { ${members.join(', ')} }`;
}
