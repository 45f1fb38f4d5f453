/** What Firecracker says when it cannot go on, as one line that a user can act on. */

import { LupineError, type ErrorDetails } from '../support/errors.js';

export const installFirecracker =
  'get it from https://github.com/firecracker-microvm/firecracker/releases and put it on PATH, ' +
  'or name it with --firecracker';

interface Rule {
  readonly said: RegExp;
  readonly what: string;
  /** From the groups of the expression. */
  readonly details: (said: readonly string[]) => ErrorDetails;
}

const rules: readonly Rule[] = [
  {
    said: /Error creating KVM object: (.*)|Failed to open \/dev\/kvm: (.*)/,
    what: 'KVM cannot be used',
    details: (said) => ({ where: `/dev/kvm (${said.find(Boolean) ?? ''})` }),
  },
  {
    said: /Open tap device failed: (.*)|tap device: (.*)/,
    what: 'the tap device cannot be used',
    details: (said) => ({ where: said.find(Boolean) ?? '' }),
  },
  {
    said: /Invalid Memory Configuration: (.*)/,
    what: 'this machine has too little memory for the VM',
    details: ([why]) => ({ where: why ?? '', fix: 'give the VM less memory (-m)' }),
  },
  {
    said: /Error manipulating the backing file: (.*\)) (\/.*)/,
    what: 'cannot open a disk of the VM',
    details: ([why, path]) => ({ where: `${path ?? ''}: ${why ?? ''}` }),
  },
  {
    said: /(The (?:kernel|initrd) file cannot be opened.*)/,
    what: 'cannot open a file of the VM',
    details: ([why]) => ({ where: why ?? '' }),
  },
  {
    said: /The kernel command line is invalid: (.*)/,
    what: "the kernel's command line is too long",
    details: ([why]) => ({ where: why ?? '' }),
  },
  {
    said: /Failed to open the API socket/,
    what: "Firecracker's socket is in use",
    details: () => ({}),
  },
];

/** @param log Firecracker's log. @param how it ended, for when it said nothing. */
export function firecrackerError(log: string, how: string): LupineError {
  for (const { said, what, details } of rules) {
    const match = said.exec(log);
    if (match !== null) return new LupineError(what, details(match.slice(1)));
  }
  return new LupineError('Firecracker failed', { where: lastComplaint(log) ?? how });
}

/** What Firecracker was about, which the user knows. */
const STEPS =
  /^((RunWith\w+ error|Failed to build MicroVM from Json|C[^:]* from one single json(?: failed)?): )+/;

/** The last line of the log that says why, without its head and the steps that lead to it. */
export function lastComplaint(log: string): string | undefined {
  return log
    .split('\n')
    .map((line) => line.replace(/^\S+ \[[^\]]*\] /, '').trim())
    .map((line) => line.replace(STEPS, ''))
    .filter((line) => line !== '' && !/^Firecracker exiting|^Running Firecracker/.test(line))
    .at(-1);
}

/**
 * KVM's failure to run the guest, which Firecracker tells in its log only: with an API it still ends with
 * status 0.
 */
export function kvmFailure(log: string): string | undefined {
  const said =
    /(Received (?:KVM_\w+|ENOSYS).*|Unexpected exit reason on vcpu run.*|Failure during vcpu run.*)/;
  return said.exec(log)?.[1]?.trim();
}
