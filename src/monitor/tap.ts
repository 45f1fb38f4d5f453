/** A tap device must be there, and be ours, before a VM can use it; making one needs root. */

import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { LupineError } from '../support/errors.js';

const IFF_TAP = 2;

/** @throws LupineError with the exact command that makes the device usable. */
export async function checkTap(device: string): Promise<void> {
  const { uid, username } = userInfo();
  const fix = `sudo ip tuntap add dev ${device} mode tap user ${username} && sudo ip link set ${device} up`;
  if (!/^[\w.-]{1,15}$/.test(device) || device === '.' || device === '..') {
    throw new LupineError('not the name of a network device', { where: device });
  }
  const flags = await attribute(device, 'tun_flags');
  if (flags === undefined) throw new LupineError('no such tap device', { where: device, fix });
  if ((Number(flags) & IFF_TAP) === 0) {
    throw new LupineError('not a tap device', { where: device, fix: 'use another name' });
  }
  const owner = Number(await attribute(device, 'owner'));
  if (uid !== 0 && owner !== uid) {
    throw new LupineError('the tap device belongs to somebody else', {
      where: device,
      fix: `sudo ip link delete ${device} && ${fix}`,
    });
  }
}

async function attribute(device: string, name: string): Promise<string | undefined> {
  return readFile(`/sys/class/net/${device}/${name}`, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}
