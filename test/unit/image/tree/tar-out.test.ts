/** The one tar that a tree becomes: read by others, equal for equal trees, sparing with its sources. */

import { execFileSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { indexLayer, mergeLayers } from '../../../../src/image/tree/index.js';
import { LupineError } from '../../../../src/support/errors.js';
import {
  archive,
  bytesOf,
  dir,
  file,
  hardlink,
  readBack,
  streamOf,
  symlink,
  treeOf,
} from './archive.js';

const deep = Array.from({ length: 40 }, (_, i) => `directory${i}`).join('/');

const rich = archive(
  file('z/late', 'late', { mode: 0o4755, uid: 1000, gid: 1001, mtime: 1_700_000_000 }),
  dir('z', { mode: 0o1777 }),
  file('b', 'bee'),
  hardlink('a', 'b'),
  symlink('s', 'b'),
  symlink('t', 'T'.repeat(99)),
  { ...symlink('u', ''), pax: { linkpath: 'U'.repeat(101) } },
  { name: 'dev', type: '3', major: 5, minor: 300 },
  { name: 'disk', type: '4', major: 8, minor: 1 },
  { name: 'pipe', type: '6' },
  file('n', 'deep', { pax: { path: `${deep}/${'n'.repeat(255)}` } }),
  file('m', 'split', { pax: { path: `${'p'.repeat(150)}/${'q'.repeat(100)}` } }),
  file('big', 'owner', { pax: { uid: '4000000000', gid: '3000000' } }),
  file('cap', 'x', { pax: { 'SCHILY.xattr.security.capability': Buffer.from([1, 0, 255]) } }),
  { name: Buffer.from([0x78, 0xff]), data: 'raw' },
);

describe('the order', () => {
  test('is directories, files as stored, the rest, hard links', async () => {
    const names = (await readBack((await treeOf([rich])).tar())).map(({ name, type }) => [
      type,
      name,
    ]);
    const types = names.map(([type]) => type);
    expect(names[0]).toEqual(['directory', './']);
    const count = types.filter((type) => type === 'directory').length;
    expect(types.slice(0, count).every((type) => type === 'directory')).toBe(true);
    const files = names.filter(([type]) => type === 'file').map(([, name]) => name);
    // `a` comes before `b` in the tree, so it is the file and `b` the link.
    expect(files.slice(0, 2)).toEqual(['z/late', 'a']);
    expect(types.slice(count + files.length)).toEqual([
      ...['character-device', 'block-device', 'fifo', 'symlink', 'symlink', 'symlink', 'link'],
    ]);
    expect(names.at(-1)).toEqual(['link', 'b']);
  });
});

describe('other readers agree', () => {
  test.each(['tar', 'bsdtar'])('%s', async (program) => {
    const bytes = await bytesOf((await treeOf([rich])).tar());
    const env = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' };
    const run = (...args: string[]) => execFileSync(program, args, { input: bytes, env });
    const listing = run('-tf', '-').toString('latin1').trimEnd().split('\n');
    const tree = await treeOf([rich]);
    expect(listing).toHaveLength(tree.entryCount);
    expect(run('-xOf', '-', 'a').toString()).toBe('bee');
    expect(run('-xOf', '-', `${deep}/${'n'.repeat(255)}`).toString()).toBe('deep');
    expect(run('-xOf', '-', `${'p'.repeat(150)}/${'q'.repeat(100)}`).toString()).toBe('split');
    const verbose = run('-tvf', '-', '--numeric-owner').toString('latin1');
    expect(verbose).toMatch(/^-rwsr-xr-x.* 1000[ /]+1001 .* z\/late$/m);
    expect(verbose).toMatch(/4000000000[ /]+3000000.* big$/m);
    expect(verbose).toMatch(/^crw.* 5, ?300.* dev$/m);
    expect(verbose).toMatch(/^drwxrwxrwt.* z\/$/m);
  });

  test('a tree of the tar is the tree', async () => {
    const tree = await treeOf([rich]);
    const again = await treeOf([await bytesOf(tree.tar())]);
    expect([...again.entries()]).toEqual([...tree.entries()]);
    expect(await bytesOf(again.tar())).toHaveLength((await bytesOf(tree.tar())).length);
  });
});

test('the same bytes each time, however the layers arrive in pieces', async () => {
  const layers = [rich, archive(file('new', 'n'.repeat(70_000)), file('.wh.b'))];
  const whole = await bytesOf((await treeOf(layers)).tar());
  for (const piece of [1, 511, 513, 20_000]) {
    expect((await bytesOf((await treeOf(layers, { piece })).tar())).equals(whole)).toBe(true);
  }
});

test('the content of a hard link whose first name is gone', async () => {
  const read = await readBack((await treeOf([rich, archive(file('.wh.a'))])).tar());
  expect(read.find(({ name }) => name === 'b')).toMatchObject({ type: 'file', content: 'bee' });
});

describe('layers', () => {
  async function watched(layers: Buffer[]) {
    const streams: Readable[][] = layers.map(() => []);
    const tree = mergeLayers(
      await Promise.all(
        layers.map(async (bytes, i) => {
          const open = () => {
            const stream = streamOf(bytes, 1024);
            streams[i]?.push(stream);
            return Promise.resolve(stream);
          };
          return { digest: `sha256:${i}`, open, index: await indexLayer(open, { layer: 'x' }) };
        }),
      ),
      'sha256:t',
    );
    for (const list of streams) list.length = 0;
    return { tree, streams };
  }

  test('are read once, not past the last file needed, and not at all for nothing', async () => {
    const tail = file('gone', 'x'.repeat(1_000_000));
    const { tree, streams } = await watched([
      archive(file('keep', 'k'), tail),
      archive(file('.wh.gone'), dir('d'), file('empty')),
    ]);
    expect((await readBack(tree.tar())).map(({ name }) => name)).toEqual([
      './',
      'd/',
      'keep',
      'empty',
    ]);
    expect(streams.map((list) => list.length)).toEqual([1, 0]);
    expect(streams[0]?.[0]?.destroyed).toBe(true);
    expect(streams[0]?.[0]?.readableEnded).toBe(false);
  });

  test('are closed when the reader goes away', async () => {
    const { tree, streams } = await watched([archive(file('a', 'x'.repeat(8_000_000)))]);
    for await (const _piece of tree.tar()) {
      expect(_piece).toBeInstanceOf(Buffer);
      break;
    }
    await new Promise(setImmediate);
    expect(streams[0]?.[0]?.destroyed).toBe(true);
  });

  test('are closed when the signal says so, even if they say nothing', async () => {
    const stuck = new Readable({ read() {} });
    const bytes = archive(file('a', 'x'.repeat(100_000)));
    const index = await indexLayer(() => Promise.resolve(streamOf(bytes)), { layer: 'x' });
    const open = () => Promise.resolve(stuck);
    const tree = mergeLayers([{ digest: 'sha256:1', index, open }], 'sha256:t');
    const controller = new AbortController();
    const reading = bytesOf(tree.tar(controller.signal));
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(reading).rejects.toThrow('enough');
    await new Promise(setImmediate);
    expect(stuck.destroyed).toBe(true);
    const aborted = AbortSignal.abort(new Error('before'));
    await expect(bytesOf(tree.tar(aborted))).rejects.toThrow('before');
    const indexing = new AbortController();
    setTimeout(() => indexing.abort(new Error('stop')), 20);
    const silent = () => Promise.resolve(new Readable({ read() {} }));
    await expect(indexLayer(silent, { layer: 'x' }, indexing.signal)).rejects.toThrow('stop');
  });

  test('shorter than when they were indexed are an error', async () => {
    const bytes = archive(file('a', 'x'.repeat(5000)));
    const index = await indexLayer(() => Promise.resolve(streamOf(bytes)), { layer: 'x' });
    const open = () => Promise.resolve(streamOf(bytes.subarray(0, 3000)));
    const tree = mergeLayers([{ digest: 'sha256:1', index, open }], 'sha256:t');
    await expect(bytesOf(tree.tar())).rejects.toMatchObject({
      message: 'a layer is shorter than its index says',
      where: 'layer sha256:1',
    });
    await expect(tree.readFile('a')).rejects.toBeInstanceOf(LupineError);
  });

  test('do not fill memory when nobody reads', async () => {
    let produced = 0;
    const size = 256 * 1024 * 1024;
    const head = archive(file('a', '', { size })).subarray(0, 512);
    const endless = () =>
      Promise.resolve(
        new Readable({
          read() {
            const piece = produced === 0 ? head : Buffer.alloc(65_536);
            produced += piece.length;
            this.push(produced > size + 4096 ? null : piece);
          },
        }),
      );
    const index = {
      records: [
        {
          directory: '',
          name: 'a',
          type: 'file',
          mode: 0o644,
          uid: 0,
          gid: 0,
          mtime: 0,
          size,
          xattrs: new Map(),
          offset: 512,
        },
      ],
    } as const;
    const tar = mergeLayers([{ digest: 'sha256:1', index, open: endless }], 'sha256:t').tar();
    tar.read(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(produced).toBeLessThan(8 * 1024 * 1024);
    tar.destroy();
  });
});
