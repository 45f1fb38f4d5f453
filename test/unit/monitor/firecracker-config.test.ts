import { expect, test } from 'vitest';
import { firecrackerConfig } from '../../../src/monitor/firecracker-config.js';
import type { VmConfig } from '../../../src/monitor/types.js';

const vm: VmConfig = {
  name: 'test',
  kernel: '/k/vmlinux',
  cmdline: 'quiet',
  memoryMiB: 64,
  cpus: 2,
  accelerator: 'kvm',
  disks: [],
  network: { mode: 'none' },
  directory: '/d',
};

test('a VM without devices has entropy, and a reset ends it', () => {
  expect(firecrackerConfig(vm)).toEqual({
    'machine-config': { vcpu_count: 2, mem_size_mib: 64 },
    'boot-source': {
      kernel_image_path: '/k/vmlinux',
      boot_args: 'console=ttyS0 reboot=k panic=-1 quiet',
    },
    drives: [],
    'network-interfaces': [],
    entropy: {},
  });
});

test('disks keep their order, and none is the root device', () => {
  const disks = [
    { path: '/a', readOnly: true },
    { path: '/b', readOnly: false },
  ];
  expect(firecrackerConfig({ ...vm, disks, initrd: '/i' })).toMatchObject({
    'boot-source': { initrd_path: '/i' },
    drives: [
      { drive_id: 'disk0', path_on_host: '/a', is_root_device: false, is_read_only: true },
      { drive_id: 'disk1', path_on_host: '/b', is_root_device: false, is_read_only: false },
    ],
  });
});

test('a tap device with its MAC', () => {
  const network = { mode: 'tap', device: 'tap0', mac: '02:00:00:00:00:01' } as const;
  expect(firecrackerConfig({ ...vm, network })).toMatchObject({
    'network-interfaces': [
      { iface_id: 'eth0', host_dev_name: 'tap0', guest_mac: '02:00:00:00:00:01' },
    ],
  });
});
