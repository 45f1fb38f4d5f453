/** The system call table of x86-64: numbers and names in the source, presence in a built kernel. */

export interface Syscall {
  readonly nr: number;
  /** `fstat` */
  readonly name: string;
  /** The function behind it: `sys_newfstat`. */
  readonly entry: string;
}

/** Parses arch/x86/entry/syscalls/syscall_64.tbl; the x32 calls are left out. */
export function parseSyscallTable(text: string): Syscall[] {
  return [...text.matchAll(/^(\d+)[ \t]+(?:common|64)[ \t]+(\w+)[ \t]+(\w+)/gm)].map(
    ([, nr, name = '', entry = '']) => ({ nr: Number(nr), name, entry }),
  );
}

/**
 * The system calls that a kernel has. One that was left out is a weak stand-in that answers ENOSYS,
 * or is not there at all.
 * @param symbols the text of System.map.
 */
export function presentSyscalls(symbols: string, table: readonly Syscall[]): Set<string> {
  const functions = new Map(
    [...symbols.matchAll(/^[0-9a-f]+ (\w) __x64_(sys_\w+)$/gm)].map(([, type, name]) => [
      name,
      type,
    ]),
  );
  const present = table.filter(({ entry }) => {
    const type = functions.get(entry);
    return type === 'T' || type === 't';
  });
  return new Set(present.map(({ name }) => name));
}
