/** What is brought into a jail, and whose it is there. A jail is made by root only. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeJail } from '../../../src/monitor/jail.js';
import type { VmConfig } from '../../../src/monitor/types.js';

const jail = { uid: 61_000, gid: 61_001 };
const isRoot = process.geteuid?.() === 0;

let directory = '';
let vm: VmConfig;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lupine-jail-'));
  mkdirSync(join(directory, 'vm'));
  for (const name of ['firecracker', 'jailer', 'kernel', 'mine', 'shared', 'copied']) {
    writeFileSync(join(directory, name), name);
  }
  chmodSync(join(directory, 'jailer'), 0o755);
  vm = {
    name: 'test',
    kernel: join(directory, 'kernel'),
    cmdline: '',
    memoryMiB: 32,
    cpus: 1,
    accelerator: 'kvm',
    disks: [
      { path: join(directory, 'mine'), readOnly: false },
      { path: join(directory, 'shared'), readOnly: true },
      { path: join(directory, 'copied'), readOnly: false, snapshot: true },
    ],
    network: { mode: 'none' },
    directory: join(directory, 'vm'),
  };
});
afterEach(() => rmSync(directory, { recursive: true }));

test.runIf(isRoot)('a disk that keeps what is written is itself there', async () => {
  const { root, remove } = await makeJail(join(directory, 'firecracker'), vm, jail);
  const [outside, inside] = [join(directory, 'mine'), join(root, 'disk0')].map((path) =>
    statSync(path),
  );
  expect(inside?.ino).toBe(outside?.ino);
  expect([outside?.uid, outside?.gid]).toEqual([jail.uid, jail.gid]);
  await remove();
});

test.runIf(isRoot)('what others have too stays theirs; what is forgotten is a copy', async () => {
  const { root, remove } = await makeJail(join(directory, 'firecracker'), vm, jail);
  expect(statSync(join(directory, 'shared')).uid).toBe(0);
  expect(statSync(join(directory, 'copied')).uid).toBe(0);
  const copy = statSync(join(root, 'disk2'));
  expect([copy.ino === statSync(join(directory, 'copied')).ino, copy.uid]).toEqual([
    false,
    jail.uid,
  ]);
  await remove();
});

test.runIf(!isRoot)('a jail needs root', async () => {
  await expect(makeJail(join(directory, 'firecracker'), vm, jail)).rejects.toThrow('needs root');
});
