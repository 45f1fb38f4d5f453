/** Subnets and addresses: any text is read or refused, and what is given out is never given twice. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatAddress,
  formatSubnet,
  freeAddress,
  freeSubnet,
  gatewayOf,
  numberOf,
  overlap,
  parseSubnet,
  readSubnet,
  sizeOf,
  type Subnet,
} from '../../../src/network/cidr.js';
import { LupineError } from '../../../src/support/errors.js';

const address = fc.nat(0xffffffff);
const anySubnet = fc
  .tuple(address, fc.integer({ min: 1, max: 32 }))
  .map(([one, bits]): Subnet => ({ base: one - (one % 2 ** (32 - bits)), bits }));
const contains = (subnet: Subnet, one: number) =>
  one >= subnet.base && one < subnet.base + sizeOf(subnet);

describe('text', () => {
  test('addresses are the same there and back', () => {
    fc.assert(
      fc.property(address, (one) => {
        expect(numberOf(formatAddress(one))).toBe(one);
      }),
    );
  });

  test('subnets are the same there and back', () => {
    fc.assert(
      fc.property(anySubnet, (subnet) => {
        expect(readSubnet(formatSubnet(subnet))).toEqual(subnet);
      }),
    );
  });

  test('any text is read, or refused with a reason', () => {
    const near = fc.stringMatching(/^[0-9./]{0,20}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), near, anySubnet.map(formatSubnet)), (text) => {
        try {
          expect(formatSubnet(parseSubnet(text))).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(LupineError);
        }
      }),
    );
  });

  test.each([
    ['10.1.2.3/24', /use 10\.1\.2\.0\/24/],
    ['200.1.2.3/29', /use 200\.1\.2\.0\/29/],
    ['10.1.2.0', /not a subnet for VMs/],
    ['10.1.2.0/31', /from 12 to 30/],
    ['10.0.0.0/8', /from 12 to 30/],
    ['10.1.2.0/024', /form 10\.1\.2\.0\/24/],
    ['10.1.2.256/24', /not a subnet/],
    ['10.1.2.0/24/24', /not a subnet/],
    ['fd00::/64', /not a subnet/],
    ['127.1.0.0/16', /overlaps 127\.0\.0\.0\/8/],
    ['0.16.0.0/12', /overlaps 0\.0\.0\.0\/8/],
    ['224.0.0.0/24', /overlaps 224\.0\.0\.0\/3/],
    ['255.255.255.0/24', /overlaps 224\.0\.0\.0\/3/],
  ])('%s is refused', (text, reason) => {
    expect(() => parseSubnet(text)).toThrow(
      expect.objectContaining({ line: expect.stringMatching(reason) as string }) as Error,
    );
  });
});

test('two subnets overlap where one has an address of the other', () => {
  fc.assert(
    fc.property(anySubnet, anySubnet, (a, b) => {
      expect(overlap(a, b)).toBe(contains(a, b.base) || contains(b, a.base));
    }),
  );
});

describe('addresses', () => {
  const small = fc
    .tuple(address, fc.integer({ min: 24, max: 30 }))
    .map(([one, bits]): Subnet => ({ base: one - (one % 2 ** (32 - bits)), bits }));

  test('are given out once each, until there are no more', () => {
    fc.assert(
      fc.property(small, (subnet) => {
        const taken = new Set<number>();
        for (;;) {
          const next = freeAddress(subnet, taken);
          if (next === undefined) break;
          expect(taken.has(next)).toBe(false);
          expect(contains(subnet, next)).toBe(true);
          taken.add(next);
        }
        // All but the first, the host's and the last.
        expect(taken.size).toBe(sizeOf(subnet) - 3);
        expect(taken.has(gatewayOf(subnet))).toBe(false);
        expect(taken.has(subnet.base + sizeOf(subnet) - 1)).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  test('that come free are the next', () => {
    const subnet = parseSubnet('10.1.2.0/29');
    expect(freeAddress(subnet, new Set([2, 4].map((n) => subnet.base + n)))).toBe(subnet.base + 3);
  });
});

test('a subnet of the pool is never one that overlaps', () => {
  fc.assert(
    fc.property(fc.array(anySubnet), (others) => {
      const subnet = freeSubnet(others);
      if (subnet === undefined) return;
      expect(others.some((other) => overlap(subnet, other))).toBe(false);
      expect(parseSubnet(formatSubnet(subnet))).toEqual(subnet);
    }),
  );
  expect(freeSubnet([{ base: numberOf('10.0.0.0'), bits: 8 }])).toBeUndefined();
  expect(freeSubnet([{ base: numberOf('10.207.0.0'), bits: 17 }])).toEqual({
    base: numberOf('10.207.128.0'),
    bits: 24,
  });
});
