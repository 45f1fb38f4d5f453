/** Trees with one of everything, and what the tests share. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { hostTree, type HostEntry } from '../../../src/image/tree/index.js';
import type { FileTree } from '../../../src/image/types.js';
import type { Context } from '../../../src/support/context.js';
import { silentProgress } from '../../../src/support/progress.js';

export const context: Context = { progress: silentProgress };

/** A context that keeps what it is told. */
export function noting(): Context & { readonly notes: string[] } {
  const notes: string[] = [];
  return { notes, progress: { ...silentProgress, note: (line) => notes.push(line) } };
}

/** A directory that is removed after the file's tests. */
export async function scratch(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'lupine-rootfs-'));
  afterAll(() => rm(path, { recursive: true, force: true }));
  return path;
}

export const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const acl = Buffer.from(
  '02000000' + '01000600ffffffff02000700e803000004000400ffffffff10000700ffffffff20000400ffffffff',
  'hex',
);

function file(path: string, size: number, extra: Partial<HostEntry> = {}): HostEntry {
  return {
    type: 'file',
    path,
    bytes: Buffer.alloc(size, path),
    mtime: 1_600_000_000,
    ...extra,
  } as HostEntry;
}

/** Sizes at the edges of blocks, inline tails and levels of pointers. */
const SIZES = [0, 1, 59, 4031, 4032, 4033, 4095, 4096, 4097, 49_152, 49_153, 4_300_000];

export function everything(): Promise<FileTree> {
  return hostTree([
    { type: 'directory', path: '', mode: 0o751, mtime: 1234 },
    { type: 'directory', path: 'd', mode: 0o2755, uid: 1000, gid: 100_000, mtime: 99 },
    file('d/owned', 5000, { mode: 0o4755, uid: 70_000, gid: 3_000_000_000, mtime: 2_000_000_000 }),
    { type: 'link', path: 'd/hard', to: 'd/owned' },
    { type: 'link', path: 'a-hard', to: 'd/owned' },
    ...[1, 59, 60, 61, 4095].map((n) => {
      return { type: 'symlink', path: `d/soft-${n}`, target: 't'.repeat(n) } as const;
    }),
    { type: 'symlink', path: 'd/soft-raw', target: '\udcff/x' },
    { type: 'character', path: 'd/null', major: 1, minor: 3, mode: 0o666 },
    { type: 'block', path: 'd/disk', major: 259, minor: 70_000, mode: 0o600, gid: 6 },
    { type: 'fifo', path: 'd/fifo', mode: 0o640 },
    file('d/space "quote', 3),
    file('d/ünï', 4),
    file('d/\udcff\udcfe-raw', 5),
    file('!before-dot', 2),
    file('n'.repeat(255), 1),
    ...SIZES.map((size) => file(`sizes/${size}`, size)),
    { type: 'directory', path: 'empty', mode: 0o1777 },
    ...Array.from({ length: 600 }, (_, i) => file(`many/${i}-${'x'.repeat(i % 40)}`, i % 7)),
  ]);
}

export function withXattrs(): Promise<FileTree> {
  const xattrs = (entries: Record<string, Uint8Array>) => new Map(Object.entries(entries));
  return hostTree([
    { type: 'directory', path: 'dir', xattrs: xattrs({ 'user.dir': Buffer.from('x') }) },
    file('cap-1', 1, { xattrs: xattrs({ 'security.capability': capability }) }),
    file('cap-2', 1, { xattrs: xattrs({ 'security.capability': capability }) }),
    file('many', 1, {
      xattrs: xattrs({
        'user.empty': Buffer.alloc(0),
        'user.long': Buffer.alloc(500, 7),
        'trusted.t': Buffer.from('tt'),
      }),
    }),
    file('acl', 1, { xattrs: xattrs({ 'system.posix_acl_access': acl }) }),
  ]);
}
