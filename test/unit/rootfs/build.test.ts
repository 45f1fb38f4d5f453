import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import { hostTree } from '../../../src/image/tree/index.js';
import type { FileTree } from '../../../src/image/types.js';
import {
  buildRootfs,
  cachedRootfs,
  kernelOptions,
  parseFormat,
  rootfsFormats,
} from '../../../src/rootfs/index.js';
import { context, everything, scratch } from './fixture.js';

const directory = await scratch();
afterEach(() => void vi.unstubAllEnvs());

/** A tree like another, whose archive is what a function makes of it. */
function withTar(tree: FileTree, tar: (original: Readable) => Readable): FileTree {
  return new Proxy(tree, {
    get(target, key) {
      if (key === 'tar') return (signal?: AbortSignal) => tar(target.tar(signal));
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

async function emptyDirectory(name: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(path, { recursive: true });
  return path;
}

test.each(rootfsFormats)('%s: the same tree gives the same bytes', async (format) => {
  vi.stubEnv('SOURCE_DATE_EPOCH', '1000');
  const [a, b] = [join(directory, `a.${format}`), join(directory, `b.${format}`)];
  await buildRootfs(await everything(), { format }, a, context);
  // The clock of a file system counts seconds.
  await new Promise((done) => setTimeout(done, 1100));
  await buildRootfs(await everything(), { format }, b, context);
  expect((await readFile(a)).equals(await readFile(b))).toBe(true);
});

test.each(rootfsFormats)('%s: two builds at once make one cache entry', async (format) => {
  const cache = await emptyDirectory(`cache-${format}`);
  vi.stubEnv('LUPINE_CACHE', cache);
  const tree = await everything();
  const [a, b] = await Promise.all([
    cachedRootfs(tree, { format }, context),
    cachedRootfs(tree, { format }, context),
  ]);
  expect(a).toEqual(b);
  expect((await readFile(a.path)).length).toBe(a.bytes);
  const entries = (await readdir(join(cache, 'rootfs'))).filter((name) => name !== '.locks');
  expect(entries).toHaveLength(1);
});

test.each(rootfsFormats)(
  '%s: a source that fails is the reason, and leaves nothing',
  async (format) => {
    const output = await emptyDirectory(`failing-${format}`);
    const tree = withTar(await everything(), (original) =>
      Readable.from(
        (async function* () {
          let bytes = 0;
          for await (const piece of original as AsyncIterable<Buffer>) {
            yield piece;
            bytes += piece.length;
            if (bytes > 1_000_000) throw new Error('the layer is broken');
          }
        })(),
        { objectMode: false },
      ),
    );
    const building = buildRootfs(tree, { format }, join(output, 'image'), context);
    await expect(building).rejects.toThrow('the layer is broken');
    expect(await readdir(output)).toEqual([]);
  },
);

test.each(['ext2', 'erofs', 'initramfs'] as const)(
  '%s: a cut archive is refused',
  async (format) => {
    const output = await emptyDirectory(`cut-${format}`);
    const tree = withTar(await everything(), (original) =>
      Readable.from(
        (async function* () {
          const pieces: Buffer[] = [];
          for await (const piece of original as AsyncIterable<Buffer>) pieces.push(piece);
          yield Buffer.concat(pieces).subarray(0, 100 * 512);
        })(),
        { objectMode: false },
      ),
    );
    const building = buildRootfs(tree, { format }, join(output, 'image'), context);
    await expect(building).rejects.toMatchObject({ name: 'LupineError', where: 'it ends early' });
    expect(await readdir(output)).toEqual([]);
  },
);

test.each(rootfsFormats)('%s: an abort leaves nothing', async (format) => {
  const output = await emptyDirectory(`aborted-${format}`);
  const abort = new AbortController();
  const reason = new Error('stopped');
  const tree = withTar(await everything(), (original) => {
    original.once('data', () => abort.abort(reason));
    original.pause();
    return original;
  });
  const building = buildRootfs(tree, { format }, join(output, 'image'), {
    ...context,
    signal: abort.signal,
  });
  await expect(building).rejects.toBe(reason);
  expect(await readdir(output)).toEqual([]);
});

test('a missing tool is named with its package', async () => {
  const tree = await everything();
  vi.stubEnv('PATH', await emptyDirectory('no-tools'));
  const building = buildRootfs(tree, { format: 'squashfs' }, join(directory, 'x'), context);
  await expect(building).rejects.toMatchObject({
    where: 'sqfstar',
    fix: 'apt-get install squashfs-tools',
  });
});

test('a full disk is told as such', async () => {
  const bin = await emptyDirectory('full-disk-tools');
  const script =
    '#!/bin/sh\ncat >/dev/null\necho "Write failed because No space left on device" >&2\n' +
    'echo "FATAL ERROR: Failed to write to output filesystem" >&2\nexit 1\n';
  for (const name of ['sqfstar', 'fakeroot']) {
    await writeFile(join(bin, name), script.replace('cat', '[ "$1" = -version ] && exit; cat'));
    await chmod(join(bin, name), 0o755);
  }
  vi.stubEnv('PATH', `${bin}:${process.env['PATH'] ?? ''}`);
  const output = await emptyDirectory('full-disk');
  const building = buildRootfs(
    await everything(),
    { format: 'squashfs' },
    join(output, 'image'),
    context,
  );
  await expect(building).rejects.toMatchObject({ message: 'the disk is full', where: output });
  expect(await readdir(output)).toEqual([]);
});

test('an image of the same name is replaced', async () => {
  const output = join(directory, 'replaced');
  await writeFile(output, 'old');
  const tree = await hostTree([{ type: 'file', path: 'f', bytes: Buffer.from('x') }]);
  const { bytes } = await buildRootfs(tree, { format: 'initramfs' }, output, context);
  expect((await readFile(output)).length).toBe(bytes);
});

test.each(rootfsFormats)('%s: a tree of nothing but its root', async (format) => {
  const tree = await hostTree([]);
  const { options } = await buildRootfs(
    tree,
    { format },
    join(directory, `empty.${format}`),
    context,
  );
  expect(options).toEqual(kernelOptions(tree, format));
  expect(options.join()).not.toMatch(/XATTR/);
});

test('a format is known by its name', () => {
  expect(parseFormat('erofs')).toBe('erofs');
  expect(() => parseFormat('ext4')).toThrow('no such root file system format');
});
