/** What follows from the files of a network, and what is made of damaged ones. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAddress, freeAddress, gatewayOf, parseSubnet } from '../../../src/network/cidr.js';
import { canBeName, checkName } from '../../../src/network/name.js';
import {
  gateway,
  macOf,
  parseEndpoint,
  parseRecord,
  tapOf,
  tapPrefix,
} from '../../../src/network/record.js';
import { rules } from '../../../src/network/rules.js';
import { serverArgs } from '../../../src/network/names.js';
import { LupineError } from '../../../src/support/errors.js';
import { endpoint, network } from './network.js';

describe('devices', () => {
  test('have names that Linux takes, one for each address', () => {
    const large = { ...network, subnet: '10.16.0.0/12' };
    const { base } = parseSubnet(large.subnet);
    fc.assert(
      fc.property(fc.nat(2 ** 20 - 1), fc.nat(2 ** 20 - 1), (a, b) => {
        const [one, other] = [a, b].map((n) => tapOf(large, formatAddress(base + n)));
        expect(one).toMatch(/^[\w.-]{1,15}$/);
        expect(one?.startsWith(tapPrefix(large))).toBe(true);
        expect(one === other).toBe(a === b);
      }),
    );
  });

  test('have hardware addresses of their own, of one device, made here', () => {
    expect(macOf('10.1.2.255')).toBe('02:4c:0a:01:02:ff');
    expect(parseInt(macOf('10.1.2.255').slice(0, 2), 16) & 3).toBe(2);
  });

  test("the host's address is the first, and no VM's", () => {
    const subnet = parseSubnet(network.subnet);
    expect(gateway(network)).toBe('10.1.2.1');
    expect(freeAddress(subnet, new Set())).toBe(gatewayOf(subnet) + 1);
  });
});

describe('files', () => {
  test('are read as they were written', () => {
    expect(parseRecord(JSON.stringify(network), 'f')).toEqual(network);
    const one = endpoint('web', '10.1.2.2');
    expect(parseEndpoint(JSON.stringify(one))).toEqual(one);
  });

  test('any text is read or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseEndpoint(text)).toBeUndefined();
        expect(() => parseRecord(text, 'f')).toThrow(LupineError);
      }),
    );
  });

  test.each([
    { ...network, bridge: 'eth0' },
    { ...network, bridge: 'lup-0a1b2c" drop' },
    { ...network, subnet: 'all' },
    { ...network, version: 2 },
  ])('what no network has is refused: %j', (other) => {
    expect(() => parseRecord(JSON.stringify(other), 'f')).toThrow('damaged');
  });
});

describe('names', () => {
  test.each(['a', 'front', 'my_net.2-b'])('%s is one', (name) => {
    expect(() => checkName(name)).not.toThrow();
  });
  test.each(['', '-a', '.', '../a', 'a b', 'a/b', 'ü', 'none', 'host', 'a'.repeat(129)])(
    '"%s" is none',
    (name) => {
      expect(() => checkName(name)).toThrow(LupineError);
      expect(canBeName(name)).toBe(false);
    },
  );
});

describe('the packet filter', () => {
  const two = [endpoint('web', '10.1.2.2'), endpoint('db', '10.1.2.3')];

  test('lets a tap device send with the addresses of its VM only', () => {
    expect(rules(network, two)).toContain(
      'elements = { "lup-0a1b2c.2" . 02:4c:0a:01:02:02 . 10.1.2.2, "lup-0a1b2c.3" . 02:4c:0a:01:02:03 . 10.1.2.3 }',
    );
    expect(rules(network, [])).not.toContain('elements');
  });

  test('translates what goes out, unless the network is internal', () => {
    expect(rules(network, two)).toContain('masquerade');
    const internal = rules({ ...network, internal: true }, two);
    expect(internal).not.toContain('masquerade');
    expect(internal).toContain('iifname "lup-0a1b2c" drop');
  });
});

test('the name server of an internal network asks nobody', () => {
  expect(serverArgs(network)).not.toContain('--no-resolv');
  expect(serverArgs({ ...network, internal: true })).toContain('--no-resolv');
  expect(serverArgs(network)).toContain('--listen-address=10.1.2.1');
});
