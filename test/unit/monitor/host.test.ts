/** What is read of the host's /proc, and what QEMU's words mean. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tscKhz } from '../../../src/monitor/host-cpu.js';
import { boundSockets } from '../../../src/monitor/ports.js';
import { qemuError } from '../../../src/monitor/qemu-errors.js';

describe('the time stamp counter', () => {
  const entry = (flags: string) =>
    `model name\t: X\ncpu MHz\t\t: 2596.122\nflags\t\t: fpu ${flags} sse`;
  test('is known in a VM whose frequency is fixed', () => {
    expect(tscKhz(entry('constant_tsc hypervisor'))).toBe(2_596_122);
  });
  test.each(['constant_tsc', 'hypervisor', 'constant_tsc hypervisor aperfmperf', ''])(
    'is not known with flags "%s"',
    (flags) => expect(tscKhz(entry(flags))).toBeUndefined(),
  );
});

describe('sockets bound to a port', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 x',
    '   1: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 222 1 x',
    '   2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 x',
  ].join('\n');
  test('tcp: only listeners', () => expect(boundSockets(table, 8080, 'tcp')).toEqual(['111']));
  test('udp: all', () => expect(boundSockets(table, 8080, 'udp')).toEqual(['111', '222']));
  test('any text is read', () => {
    fc.assert(fc.property(fc.string(), (text) => void boundSockets(text, 80, 'tcp')));
  });
});

describe("QEMU's words", () => {
  test.each([
    [
      'qemu-system-x86_64: -device virtio-blk-device,drive=d: Failed to get "write" lock\nIs another process using the image [/d.img]?',
      'the disk is in use by another VM: /d.img',
    ],
    [
      'qemu-system-x86_64: -drive x: Failed to get shared "write" lock\nIs another process using the image [/d.img]?',
      'the disk is in use by another VM: /d.img',
    ],
    [
      "qemu-system-x86_64: -netdev user,id=n: Could not set up host forwarding rule 'tcp:127.0.0.1:80-:80'",
      'the port is in use: 127.0.0.1:80/tcp',
    ],
    [
      'Could not access KVM kernel module: Permission denied\nqemu-system-x86_64: failed to initialize kvm: Permission denied',
      'KVM cannot be used: /dev/kvm (Permission denied)',
    ],
    [
      "qemu: could not load PC BIOS 'qboot.rom'",
      'a firmware file of QEMU is missing: qboot.rom — apt-get install qemu-system-x86 qemu-system-data seabios',
    ],
    [
      "qemu-system-x86_64: cannot set up guest memory 'microvm.ram': Cannot allocate memory",
      'this machine has too little memory for the VM: Cannot allocate memory',
    ],
    [
      'qemu-system-x86_64: -netdev tap: could not configure /dev/net/tun (tap0): Device or resource busy',
      'the tap device cannot be used: tap0 (Device or resource busy)',
    ],
    [
      'qemu-system-x86_64: warning: x\nqemu-system-x86_64: something new\nqemu-system-x86_64: warning: y',
      'QEMU failed: something new',
    ],
    ['', 'QEMU failed: status 1'],
  ])('%j', (said, line) => {
    expect(qemuError(said, 'status 1').line.startsWith(line)).toBe(true);
  });

  test('whatever they are, they make an error', () => {
    fc.assert(fc.property(fc.string(), (said) => qemuError(said, '?').line.length > 0));
  });
});
