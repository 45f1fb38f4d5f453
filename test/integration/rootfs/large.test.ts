/** Images of contents that do not fit in memory, and of files beyond 2 GiB. */

import { createHash } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { execFileSync } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import type { FileTree, TreeEntry } from '../../../src/image/types.js';
import { buildRootfs } from '../../../src/rootfs/index.js';
import { silentProgress } from '../../../src/support/progress.js';

const directory = mkdtempSync(join(tmpdir(), 'lupine-large-'));
afterAll(() => rm(directory, { recursive: true, force: true }));

const SIZE = 2 ** 31 + 12_345;
const MEGA = 2 ** 20;

const root = entry('', 0, { type: 'directory', mode: 0o755, size: 0 });
const large = entry('large', 1, { type: 'file', mode: 0o644, size: SIZE });

function entry(
  path: string,
  inode: number,
  rest: Pick<TreeEntry, 'type' | 'mode' | 'size'>,
): TreeEntry {
  return { path, inode, uid: 0, gid: 0, mtime: 0, xattrs: new Map(), ...rest };
}

/** Zeros with a number in each MiB, so that no two are alike. */
function* content(): Generator<Buffer> {
  for (let at = 0; at < SIZE; at += MEGA) {
    const piece = Buffer.alloc(Math.min(MEGA, SIZE - at));
    piece.writeUInt32LE(at / MEGA + 1, 100);
    yield piece;
  }
}

function* archive(): Generator<Buffer> {
  const header = Buffer.alloc(512);
  header.write('large');
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${SIZE.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        0', 148);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  yield header;
  yield* content();
  yield Buffer.alloc((512 - (SIZE % 512)) % 512);
  yield Buffer.alloc(1024);
}

const tree: FileTree = {
  digest: 'sha256:large',
  entryCount: 2,
  inodeCount: 2,
  contentBytes: SIZE,
  get: (path) => (path === '' ? root : path === 'large' ? large : undefined),
  resolve: (path) => tree.get(path),
  entries: () => [root, large],
  children: (path) => (path === '' ? [large] : []),
  list: () => ['large'],
  readFile: () => expect.fail('too large to be read'),
  tar: () => Readable.from(archive(), { objectMode: false }),
};

async function build(format: 'ext2' | 'erofs' | 'squashfs' | 'initramfs'): Promise<string> {
  const path = join(directory, format);
  await buildRootfs(tree, { format }, path, { progress: silentProgress });
  return path;
}

const expected = createHash('sha256');
for (const piece of content()) expected.update(piece);
const digest = expected.digest('hex');

async function digestOf(path: string, start = 0): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path);
  for await (const piece of file.createReadStream({ start })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

test('ext2 holds it, and its free blocks cost no disk', async () => {
  const image = await build('ext2');
  execFileSync('e2fsck', ['-fn', image], { stdio: 'ignore' });
  const out = join(directory, 'from-ext2');
  execFileSync('debugfs', ['-R', `dump large ${out}`, image], { stdio: 'ignore' });
  expect(await digestOf(out)).toBe(digest);
  await rm(out);
  expect((await stat(image)).blocks * 512).toBeLessThan(2 ** 31 + 64 * MEGA);
});

test('erofs holds it', async () => {
  const image = await build('erofs');
  const { size } = await stat(image);
  // fsck.erofs 1.5 cannot read 2 GiB at once: the whole blocks are what the image ends with.
  const whole = SIZE - (SIZE % 4096);
  const wanted = createHash('sha256');
  let left = whole;
  for (const piece of content()) {
    wanted.update(piece.subarray(0, left));
    left -= Math.min(left, piece.length);
  }
  expect(await digestOf(image, size - whole)).toBe(wanted.digest('hex'));
  const told = execFileSync('dump.erofs', ['--path=/large', image]).toString();
  expect(told).toMatch(new RegExp(`Size: ${SIZE} `));
  await rm(image);
});

test('squashfs holds it', async () => {
  const out = join(directory, 'from-squashfs');
  const image = await build('squashfs');
  execFileSync('unsquashfs', ['-q', '-n', '-d', out, image], { stdio: 'ignore' });
  expect(await digestOf(join(out, 'large'))).toBe(digest);
  await rm(out, { recursive: true });
});

test('an initramfs holds it', async () => {
  const out = join(directory, 'from-cpio');
  const image = await build('initramfs');
  execFileSync('bsdtar', [
    '-xf',
    image,
    '-C',
    directory,
    '-s',
    '/app.large/from-cpio/',
    'app/large',
  ]);
  expect(await digestOf(out)).toBe(digest);
});
