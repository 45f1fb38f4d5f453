/** The system call tables of a source tree: numbers, and the names that user space knows. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Syscall {
  readonly nr: number;
  /** `fstat` */
  readonly name: string;
  /** The function behind it: `sys_newfstat`. */
  readonly entry: string;
}

/** Of 32-bit programs on a 64-bit kernel, and the like. */
const foreign = new Set(['32', 'i386', 'x32', 'time32', 'oabi']);

/** Parses a `syscall.tbl`: the calls of the architecture's own programs. */
export function parseSyscallTable(text: string): Syscall[] {
  const rows = text.matchAll(/^(\d+)[ \t]+(\w+)[ \t]+(\w+)[ \t]+(\w+)/gm);
  return [...rows].flatMap(([, nr, abi = '', name = '', entry = '']) =>
    foreign.has(abi) ? [] : [{ nr: Number(nr), name, entry }],
  );
}

/**
 * The table of an architecture; undefined where the tree has none in this form (before 6.11 many
 * share a header instead).
 * @param architecture a directory below `arch/`.
 */
export function readSyscallTable(tree: string, architecture: string): Syscall[] | undefined {
  const arch = `arch/${architecture}`;
  const file = [
    `${arch}/entry/syscalls/syscall_64.tbl`,
    `${arch}/kernel/syscalls/syscall.tbl`,
    `${arch}/kernel/syscalls/syscall_n64.tbl`,
    `${arch}/tools/syscall_64.tbl`,
    `${arch}/tools/syscall.tbl`,
    'scripts/syscall.tbl',
  ].find((path) => existsSync(join(tree, path)));
  return file === undefined ? undefined : parseSyscallTable(readFileSync(join(tree, file), 'utf8'));
}
