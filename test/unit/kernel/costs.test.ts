import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addUp,
  compareCosts,
  costKeys,
  costsBy,
  directoryOf,
  totalOf,
} from '../../../src/kernel/costs.js';
import { bytesOf, type ObjectSize } from '../../../src/kernel/object-sizes.js';

function object(path: string, text: number, option?: string): ObjectSize {
  const sizes = { text, rodata: 1, data: 2, bss: 3, init: 4 };
  return { path, ...(option === undefined ? {} : { option }), sizes };
}

const objects = [
  object('fs/eventpoll', 90, 'EPOLL'),
  object('fs/read_write', 10),
  object('kallsyms', 7, 'KALLSYMS'),
  object('net/ipv4/tcp', 300, 'INET'),
  object('net/ipv4/netfilter/ip_tables', 5, 'INET'),
];

describe('what parts of Linux cost', () => {
  test('is added up, the dearest first', () => {
    expect(costsBy(objects, 'option')).toEqual([
      {
        name: 'INET',
        bytes: 325,
        sizes: { text: 305, rodata: 2, data: 4, bss: 6, init: 8 },
        objects: 2,
      },
      expect.objectContaining({ name: 'EPOLL', bytes: 100, objects: 1 }),
      expect.objectContaining({ name: null, bytes: 20, objects: 1 }),
      expect.objectContaining({ name: 'KALLSYMS', bytes: 17, objects: 1 }),
    ]);
    expect(costsBy(objects, 'directory').map(({ name, bytes }) => [name, bytes])).toEqual([
      ['net/ipv4/', 325],
      ['fs/', 120],
      ['kallsyms', 17],
    ]);
    expect(costsBy(objects, 'object').map(({ name }) => name)).toContain('fs/eventpoll');
  });

  test('is in the order of names where it is the same', () => {
    const same = ['b', 'a', 'c'].map((path) => object(path, 1));
    expect(addUp(same, ({ path }) => path).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  test('is the whole of a kernel by any key', () => {
    const size = fc.nat(2 ** 24);
    const sizes = fc.record({ text: size, rodata: size, data: size, bss: size, init: size });
    const name = fc.constantFrom('a', 'b/a', 'b/c/a', 'arch/x86/kernel/cpu/a', '__proto__/a');
    const one = fc.record({ path: name, option: fc.constantFrom('NET', 'toString'), sizes });
    fc.assert(
      fc.property(fc.array(one), fc.constantFrom(...costKeys), (all, key) => {
        const costs = costsBy(all, key);
        const total = all.reduce((sum, each) => sum + bytesOf(each), 0);
        expect(costs.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total);
        expect(costs.reduce((sum, cost) => sum + cost.objects, 0)).toBe(all.length);
        expect(totalOf(all).bytes).toBe(total);
      }),
    );
  });

  test.each([
    ['net/ipv4/netfilter/ip_tables', 2, 'net/ipv4/'],
    ['net/ipv4/tcp', 1, 'net/'],
    ['arch/x86/kernel/cpu/common', 2, 'arch/x86/kernel/'],
    ['arch/x86/kernel/setup', 1, 'arch/x86/'],
    ['init/main', 2, 'init/'],
    ['kallsyms', 2, 'kallsyms'],
  ])('%s with %i names is in %s', (path, depth, directory) => {
    expect(directoryOf(object(path, 0), depth)).toBe(directory);
  });
});

describe('two kernels', () => {
  test('are told apart, the largest difference first', () => {
    const before = [
      { name: 'NET', bytes: 100 },
      { name: 'EPOLL', bytes: 7 },
      { name: null, bytes: 50 },
    ];
    const after = [
      { name: 'NET', bytes: 60 },
      { name: 'INET', bytes: 300 },
      { name: null, bytes: 50 },
    ];
    expect(compareCosts(before, after)).toEqual([
      { name: 'INET', after: 300, difference: 300 },
      { name: 'NET', before: 100, after: 60, difference: -40 },
      { name: 'EPOLL', before: 7, difference: -7 },
      { name: null, before: 50, after: 50, difference: 0 },
    ]);
  });

  test('count what has one name together', () => {
    const [change] = compareCosts(
      [
        { name: '__func__.0', bytes: 10 },
        { name: '__func__.0', bytes: 5 },
      ],
      [{ name: '__func__.0', bytes: 12 }],
    );
    expect(change).toEqual({ name: '__func__.0', before: 15, after: 12, difference: -3 });
  });

  test('differ by the difference of their sums', () => {
    const one = fc.record({ name: fc.constantFrom('a', 'b', null), bytes: fc.nat() });
    fc.assert(
      fc.property(fc.array(one), fc.array(one), (before, after) => {
        const sum = (costs: typeof before) => costs.reduce((all, { bytes }) => all + bytes, 0);
        const changes = compareCosts(before, after);
        expect(changes.reduce((all, { difference }) => all + difference, 0)).toBe(
          sum(after) - sum(before),
        );
      }),
    );
  });
});
