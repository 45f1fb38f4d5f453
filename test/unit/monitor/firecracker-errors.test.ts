/** What Firecracker 1.16.1 was seen to write into its log. */

import { expect, test } from 'vitest';
import {
  firecrackerError,
  kvmFailure,
  lastComplaint,
} from '../../../src/monitor/firecracker-errors.js';

const head = '2026-06-30T21:38:35.350472542 [vm:main:ERROR] ';
const log = (why: string) =>
  `${head}RunWithApiError error: Failed to build MicroVM from Json: ${why}\n` +
  `${head}Firecracker exiting with error. exit_code=1\n`;
const parse = 'Configuration for VMM from one single json failed: ';

const seen: [string, string, string | undefined][] = [
  [
    `${parse}Boot source error: The kernel file cannot be opened: No such file or directory (os error 2)`,
    'cannot open a file of the VM',
    'The kernel file cannot be opened: No such file or directory (os error 2)',
  ],
  [
    `${parse}Block device error: Unable to create the virtio block device: Virtio backend error: Error manipulating the backing file: No such file or directory (os error 2) /nope.img`,
    'cannot open a disk of the VM',
    '/nope.img: No such file or directory (os error 2)',
  ],
  [
    'Could not Start MicroVM from one single json: Invalid Memory Configuration: Cannot create mmap region: Cannot allocate memory (os error 12)',
    'this machine has too little memory for the VM',
    'Cannot create mmap region: Cannot allocate memory (os error 12)',
  ],
  [
    `${parse}Boot source error: The kernel command line is invalid: Invalid cmdline capacity provided.`,
    "the kernel's command line is too long",
    'Invalid cmdline capacity provided.',
  ],
  [
    `${parse}VM config error: The number of vCPUs must be greater than 0, less than 32 and must be 1 or an even number if SMT is enabled.`,
    'Firecracker failed',
    'VM config error: The number of vCPUs must be greater than 0, less than 32 and must be 1 or an even number if SMT is enabled.',
  ],
];

test.each(seen)('%s', (why, what, where) => {
  expect(firecrackerError(log(why), 'status 1')).toMatchObject({ message: what, where });
});

test('without a word it is told how it ended', () => {
  expect(firecrackerError('', 'status 1')).toMatchObject({ where: 'status 1' });
  expect(lastComplaint('')).toBeUndefined();
});

test('that KVM gave up is in the log only', () => {
  const line = '2026-06-30T21:39:10 [vm:fc_vcpu 0:ERROR] Received KVM_EXIT_INTERNAL_ERROR signal\n';
  expect(kvmFailure(line)).toBe('Received KVM_EXIT_INTERNAL_ERROR signal');
  expect(kvmFailure(`${head}Failed to write metrics: no space\n`)).toBeUndefined();
});
