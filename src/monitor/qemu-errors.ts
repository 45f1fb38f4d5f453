/** What QEMU says when it cannot go on, as one line that a user can act on. */

import { LupineError, type ErrorDetails } from '../support/errors.js';

export const installQemu = 'apt-get install qemu-system-x86 qemu-system-data seabios';

interface Rule {
  readonly said: RegExp;
  readonly what: string;
  /** From the groups of the expression. */
  readonly details: (said: readonly string[]) => ErrorDetails;
}

const rules: readonly Rule[] = [
  {
    said: /(?:overlay '(.*?)'.*)?: No space left on device/,
    what: 'the disk is full',
    details: ([path]) => ({ where: path ?? '', fix: 'free some space' }),
  },
  {
    said: /Failed to get (?:shared )?"\w+(?: \w+)*" lock[\s\S]*?(?:image \[(.*?)\]|$)/,
    what: 'the disk is in use by another VM',
    details: ([path]) => ({ where: path ?? '', fix: 'end that VM, or give this one a copy' }),
  },
  {
    said: /Could not set up host forwarding rule '(\w+):([\d.]+:\d+)-/,
    what: 'the port is in use',
    details: ([protocol, address]) => ({
      where: `${address ?? ''}/${protocol ?? ''}`,
      fix: 'publish another port, or end the program that holds it',
    }),
  },
  {
    said: /Could not access KVM kernel module: (.*)|failed to initialize kvm: (.*)/,
    what: 'KVM cannot be used',
    details: (said) => ({ where: `/dev/kvm (${said.find(Boolean) ?? ''})` }),
  },
  {
    said: /could not configure \/dev\/net\/tun(?: \((.*?)\))?: (.*)/,
    what: 'the tap device cannot be used',
    details: ([device, why]) => ({ where: `${device ?? '/dev/net/tun'} (${why ?? ''})` }),
  },
  {
    said: /could not open \/dev\/net\/tun: (.*)/,
    what: 'the tap device cannot be used',
    details: ([why]) => ({ where: `/dev/net/tun (${why ?? ''})` }),
  },
  {
    said: /could not load PC BIOS '(.*?)'|failed to find romfile "(.*?)"/,
    what: 'a firmware file of QEMU is missing',
    details: (said) => ({ where: said.find(Boolean) ?? '', fix: installQemu }),
  },
  {
    said: /cannot set up guest memory '.*?': (.*)/,
    what: 'this machine has too little memory for the VM',
    details: ([why]) => ({ where: why ?? '', fix: 'give the VM less memory (-m)' }),
  },
  {
    said: /Could not open '(.*?)': (.*)/,
    what: 'cannot open a file of the VM',
    details: ([path, why]) => ({ where: `${path ?? ''} (${why ?? ''})` }),
  },
  {
    said: /unsupported machine type|not a valid device model name|expects a netdev backend type|seccomp support is disabled/,
    what: 'this QEMU lacks what Lupine needs',
    details: ([said]) => ({ where: said ?? '', fix: installQemu }),
  },
];

/** @param stderr everything QEMU said. @param how it ended, for when it said nothing. */
export function qemuError(stderr: string, how: string): LupineError {
  for (const { said, what, details } of rules) {
    const match = said.exec(stderr);
    if (match !== null) return new LupineError(what, details(match.slice(1)));
  }
  return new LupineError('QEMU failed', { where: lastComplaint(stderr) ?? how });
}

/** QEMU's last line without its own name, and without warnings. */
export function lastComplaint(stderr: string): string | undefined {
  return stderr
    .split('\n')
    .map((line) => line.replace(/^\S*qemu[^\s:]*: /, '').trim())
    .filter((line) => line !== '' && !line.startsWith('warning:'))
    .at(-1);
}
