/** `--network`: `user`, `none`, the name of a network, or `tap:DEVICE` with its addresses. */

import { isIPv4 } from 'node:net';
import { randomBytes } from 'node:crypto';
import type { PortMapping } from '../monitor/index.js';
import { canBeName } from '../network/name.js';
import { LupineError } from '../support/errors.js';
import type { NetworkChoice } from '../unikernel/index.js';

const FORM =
  'use user, none, the name of a network or tap:DEVICE[,mac=MAC][,ip=ADDRESS/LEN,gw=GATEWAY[,dns=SERVER]]';

/** @throws LupineError for a text of another form, or ports where there is nobody to forward them. */
export function parseNetwork(text: string, ports: readonly PortMapping[]): NetworkChoice {
  if (text === 'user') return { mode: 'user', ports };
  if (canBeName(text)) return { mode: 'named', name: text, ports };
  if (ports.length > 0) {
    throw new LupineError('no port can be published here', {
      where: `--network ${text}`,
      fix:
        text === 'none'
          ? 'leave out -p'
          : "leave out -p and use the VM's own address, or use a network (lupine network create)",
    });
  }
  if (text === 'none') return { mode: 'none' };
  const [device, ...rest] = text.startsWith('tap:') ? text.slice(4).split(',') : [];
  const wrong = (where: string) => new LupineError('no such network', { where, fix: FORM });
  if (device === undefined || !/^[A-Za-z0-9_.-]{1,15}$/.test(device)) throw wrong(text);
  const fields = new Map<string, string[]>();
  for (const part of rest) {
    const [key = '', value = ''] = part.split('=', 2);
    if (!['mac', 'ip', 'gw', 'dns'].includes(key) || value === '') throw wrong(part);
    fields.set(key, [...(fields.get(key) ?? []), value]);
  }
  const mac = fields.get('mac')?.[0] ?? randomMac();
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) throw wrong(`mac=${mac}`);
  const address = fields.get('ip')?.[0];
  if (address === undefined) return { mode: 'tap', device, mac };
  const [ip = '', length = ''] = address.split('/');
  const gateway = fields.get('gw')?.[0] ?? '';
  const bits = Number(length);
  if (!isIPv4(ip) || !/^\d+$/.test(length) || bits < 1 || bits > 32) throw wrong(`ip=${address}`);
  if (!isIPv4(gateway)) throw wrong(`gw=${gateway}`);
  const nameservers = fields.get('dns') ?? [];
  return { mode: 'tap', device, mac, address: { address, gateway, nameservers } };
}

/** Locally administered, of one device. */
function randomMac(): string {
  const bytes = randomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
