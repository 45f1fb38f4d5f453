/** A network and a VM on it, as their files have them. */

import { thisProcess } from '../../../src/support/alive.js';
import type { Endpoint, NetworkRecord } from '../../../src/network/record.js';

export const network: NetworkRecord = {
  version: 1,
  name: 'front',
  created: '2026-03-01T10:00:00.000Z',
  subnet: '10.1.2.0/24',
  internal: false,
  bridge: 'lup-0a1b2c',
};

export function endpoint(vm: string, address: string): Endpoint {
  return { version: 1, vm, address, uid: 0, owner: thisProcess() };
}
