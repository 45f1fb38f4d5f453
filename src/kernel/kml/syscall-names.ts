/** Names of system calls, from the header that comes with every C compiler of Debian. */

import { readFile } from 'node:fs/promises';
import { isSystemError } from '../../support/errors.js';

const HEADERS = [
  '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
  '/usr/include/asm/unistd_64.h',
] as const;

/** By number; empty on a machine without the header. */
export async function syscallNames(
  headers: readonly string[] = HEADERS,
): Promise<ReadonlyMap<number, string>> {
  for (const header of headers) {
    try {
      return parseNames(await readFile(header, 'utf8'));
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  }
  return new Map();
}

function parseNames(text: string): ReadonlyMap<number, string> {
  const found = text.matchAll(/^#define __NR_(\w+) (\d{1,5})$/gm);
  return new Map([...found].map(([, name, number]) => [Number(number), name ?? '']));
}
