/** What the size patches of the series `lupine` do to a kernel for one application. */

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readSections } from '../../../src/kernel/elf.js';
import { redisKernel } from '../../support/kernel.js';

const PAGE = 4096;

let vmlinux: Buffer;
/** Addresses by symbol, ascending. */
let symbols: Map<string, bigint>;

beforeAll(async () => {
  const path = await redisKernel();
  vmlinux = await readFile(path);
  const map = await readFile(join(dirname(path), 'System.map'), 'utf8');
  const lines = map.trimEnd().split('\n');
  symbols = new Map(
    lines.map((line) => {
      const [address = '', , name = ''] = line.split(' ');
      return [name, BigInt(`0x${address}`)];
    }),
  );
});

/** Bytes from a symbol to the next one. */
function sizeOf(name: string): number {
  const start = symbols.get(name);
  if (start === undefined) throw new Error(`no ${name} in System.map`);
  const after = [...symbols.values()].filter((address) => address > start);
  return Number(after.reduce((least, address) => (address < least ? address : least)) - start);
}

test('no more is padding than a page for each section', () => {
  const sections = readSections(vmlinux).filter(({ allocated, nobits }) => allocated && !nobits);
  const content = sections.reduce((sum, { size }) => sum + size, 0);
  expect(vmlinux.length - content).toBeLessThan(sections.length * PAGE);
});

test('tables are those of a small machine', () => {
  expect(sizeOf('early_dynamic_pgts')).toBe(12 * PAGE);
});

test('performance events can be left out, and alternatives are still decoded', () => {
  expect(symbols.has('perf_event_init')).toBe(false);
  expect(symbols.has('insn_decode')).toBe(true);
});

test('no hash is tested at boot that no crypto API serves', () => {
  expect(symbols.has('blake2s_final')).toBe(true);
  expect(symbols.has('blake2s_selftest')).toBe(false);
});

test.each([
  ['a filter of a socket', 'sk_setsockopt', 'sk_attach_filter'],
  ['the ioctl of ethtool', 'dev_ioctl', '__dev_ethtool'],
  ['a nexthop that is an object', 'fib_create_info', 'rtm_new_nexthop'],
  ['XDP without bpf(2)', 'virtnet_probe', 'virtnet_xdp'],
])('%s is left out where nobody asks for it', (_, present, absent) => {
  expect(symbols.has(present)).toBe(true);
  expect(symbols.has(absent)).toBe(false);
});

test('stacks of the one processor are no part of the file', () => {
  const bss = readSections(vmlinux).find(({ name }) => name === '.bss');
  for (const name of ['irq_stack_backing_store', 'exception_stacks']) {
    const address = symbols.get(name) ?? 0n;
    expect(address).toBeGreaterThanOrEqual(bss?.address ?? address + 1n);
  }
});
