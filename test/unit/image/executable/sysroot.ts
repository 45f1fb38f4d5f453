/** A directory that stands for `/` of a host, for tests. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentProgress } from '../../../../src/support/progress.js';
import { Host } from '../../../../src/image/executable/host.js';
import { library } from './build-elf.js';

export interface Sysroot {
  readonly directory: string;
  readonly host: Host;
}

/** Paths → bytes (executable), `-> target` (a link), or `/` (a directory). Removed with the test. */
export function sysroot(files: Readonly<Record<string, string | Buffer>>): Sysroot {
  const directory = mkdtempSync(join(tmpdir(), 'lupine-sysroot-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    const at = join(directory, path);
    mkdirSync(dirname(at), { recursive: true });
    if (content === '/') mkdirSync(at, { recursive: true });
    else if (typeof content === 'string' && content.startsWith('-> '))
      symlinkSync(content.slice(3), at);
    else writeFileSync(at, content, { mode: 0o755 });
  }
  return { directory, host: new Host(directory) };
}

/** What a glibc program needs at least. */
export const GLIBC = {
  'lib64/ld-linux-x86-64.so.2': library('ld-linux-x86-64.so.2'),
  'lib/x86_64-linux-gnu/libc.so.6': library('libc.so.6', { needed: ['ld-linux-x86-64.so.2'] }),
};

/** A context that remembers its notes. */
export function quiet() {
  const notes: string[] = [];
  return { notes, progress: { ...silentProgress, note: (line: string) => void notes.push(line) } };
}
