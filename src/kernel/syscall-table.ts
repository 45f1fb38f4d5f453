/** Which system calls a built kernel has. */

import type { Syscall } from '../kconfig/source/index.js';

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
