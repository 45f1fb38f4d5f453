import { expect, test } from 'vitest';
import { checkCapabilities } from '../../../src/monitor/capabilities.js';
import { checkVersion } from '../../../src/monitor/firecracker.js';
import type { VmConfig } from '../../../src/monitor/types.js';

const vm: VmConfig = {
  name: 'test',
  kernel: '/k',
  cmdline: 'quiet',
  memoryMiB: 64,
  cpus: 1,
  accelerator: 'kvm',
  disks: [],
  network: { mode: 'none' },
  directory: '/d',
};

const lacking: [string, 'qemu' | 'firecracker', Partial<VmConfig>, string | undefined][] = [
  ['emulation', 'firecracker', { accelerator: 'tcg' }, 'use --monitor qemu'],
  ['user-mode', 'firecracker', { network: { mode: 'user', ports: [] } }, 'use --monitor qemu'],
  ['VMs of 33 CPUs', 'firecracker', { cpus: 33 }, 'use --monitor qemu'],
  ['counting', 'firecracker', { countInstructions: true }, 'use --monitor qemu'],
  ['jail', 'qemu', { jail: { uid: 1, gid: 1 } }, 'use --monitor firecracker'],
  ['VMs of 300 CPUs', 'qemu', { cpus: 300 }, undefined],
];

test.each(lacking)('what a monitor lacks names who has it: %s', (what, name, over, fix) => {
  const check = () => checkCapabilities(name, { ...vm, ...over });
  expect(check).toThrow(what);
  expect(check).toThrow(expect.objectContaining({ fix }) as Error);
});

test('what both have is refused by neither', () => {
  for (const name of ['qemu', 'firecracker'] as const) {
    expect(() => checkCapabilities(name, vm)).not.toThrow();
  }
});

test('a Firecracker that cannot enter a kernel by its PVH note is too old', () => {
  for (const version of ['0.25.2', '1.11.0']) {
    expect(() => checkVersion(version, '/fc')).toThrow('too old');
  }
  for (const version of ['1.12.0', '1.16.1', '2.0.0']) {
    expect(() => checkVersion(version, '/fc')).not.toThrow();
  }
});
