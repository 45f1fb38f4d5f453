/** Layers onto layers, as the OCI image specification says ("Applying Changesets"). */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LupineError } from '../../../../src/support/errors.js';
import {
  archive,
  dir,
  file,
  hardlink,
  readBack,
  summary,
  symlink,
  treeOf,
  type Spec,
} from './archive.js';
import { Model } from './model.js';

const merged = async (...layers: Spec[][]) =>
  summary(await treeOf(layers.map((specs) => archive(...specs))));

describe('whiteouts', () => {
  test('hide a file, a directory, and nothing of their own layer', async () => {
    const lower = [file('a', '1'), file('d/x', '1'), file('k', '1')];
    const upper = [file('.wh.a'), file('.wh.d'), file('k', '2'), file('.wh.k')];
    expect(await merged(lower, upper)).toEqual(['k=2']);
  });

  const base = [dir('a'), dir('a/b'), dir('a/b/c'), file('a/b/c/bar', '1')];
  const added = [dir('a'), dir('a/b'), dir('a/b/c'), file('a/b/c/foo', '2')];
  test.each([
    ['first', [file('a/.wh..wh..opq'), ...added]],
    ['last', [...added, file('a/.wh..wh..opq')]],
  ])('opaque, standing %s', async (_, upper) => {
    expect(await merged(base, upper)).toEqual(['a/', 'a/b/', 'a/b/c/', 'a/b/c/foo=2']);
  });

  test('opaque of the root', async () => {
    expect(await merged([file('a', '1')], [file('.wh..wh..opq'), file('b', '2')])).toEqual(['b=2']);
  });

  test('go through a symbolic link of a lower layer', async () => {
    const lower = [file('usr/lib/a', '1'), file('usr/lib/b', '1'), symlink('lib', 'usr/lib')];
    expect(await merged(lower, [file('lib/.wh.a')])).toEqual([
      'lib -> usr/lib',
      'usr/',
      'usr/lib/',
      'usr/lib/b=1',
    ]);
  });

  test('do not go through a link that their own layer replaces by a directory', async () => {
    const lower = [file('usr/lib/a', '1'), symlink('lib', 'usr/lib')];
    expect(await merged(lower, [dir('lib'), file('lib/.wh..wh..opq'), file('lib/b', '2')])).toEqual(
      ['lib/', 'lib/b=2', 'usr/', 'usr/lib/', 'usr/lib/a=1'],
    );
  });

  test('of a hard link leave its other names', async () => {
    const lower = [file('a', '1'), hardlink('b', 'a'), hardlink('c', 'a')];
    expect(await merged(lower, [file('.wh.a')])).toEqual(['b=1', 'c == b']);
  });
});

describe('replacing', () => {
  test('a file by a directory and the reverse', async () => {
    expect(
      await merged([file('a', '1'), file('d/x', '1')], [file('a/y', ''), dir('a')]).catch(String),
    ).toContain('a file is used as a directory');
    expect(await merged([file('a', '1'), file('d/x', '1')], [dir('a'), file('d', '2')])).toEqual([
      'a/',
      'd=2',
    ]);
  });

  test('a directory over a symbolic link to one', async () => {
    const lower = [file('usr/lib/a', '1'), symlink('lib', 'usr/lib')];
    expect(await merged(lower, [dir('lib'), file('lib/b', '2')])).toEqual([
      'lib/',
      'lib/b=2',
      'usr/',
      'usr/lib/',
      'usr/lib/a=1',
    ]);
  });

  test('a directory stated again takes the new metadata and keeps its children', async () => {
    const bytes = [
      archive(dir('d', { mode: 0o700, pax: { 'SCHILY.xattr.user.old': '1' } }), file('d/x', '1')),
      archive(dir('d', { mode: 0o1777, uid: 3, pax: { 'SCHILY.xattr.user.new': '2' } })),
    ];
    const tree = await treeOf(bytes);
    expect(tree.get('d')).toMatchObject({ mode: 0o1777, uid: 3 });
    expect([...(tree.get('d')?.xattrs.keys() ?? [])]).toEqual(['user.new']);
    expect(tree.list('d')).toEqual(['x']);
  });

  test('a file leaves its hard links as they were', async () => {
    expect(await merged([file('a', '1'), hardlink('b', 'a')], [file('a', '2')])).toEqual([
      'a=2',
      'b=1',
    ]);
  });

  test('a way to a directory is not remembered beyond its change', async () => {
    const upper = [file('s/x', '1'), symlink('s', 'two'), file('s/x', '2')];
    expect(await merged([dir('one'), dir('two'), symlink('s', 'one')], upper)).toEqual([
      'one/',
      'one/x=1',
      's -> two',
      'two/',
      'two/x=2',
    ]);
  });
});

test('a hard link to a file of a lower layer', async () => {
  expect(await merged([file('a', '1')], [hardlink('b', 'a')], [file('.wh.a')])).toEqual(['b=1']);
});

test('more entries than an image may have', async () => {
  const { mergeLayers, indexLayer } = await import('../../../../src/image/tree/index.js');
  const { streamOf } = await import('./archive.js');
  const open = () => Promise.resolve(streamOf(archive(file('a'), file('b'))));
  const layer = { digest: 'sha256:1', open, index: await indexLayer(open, { layer: 'sha256:1' }) };
  expect(() => mergeLayers([layer, layer], 'sha256:t', 3)).toThrow('too many files');
});

describe('any stack of layers', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const mode = fc.constantFrom(0o644, 0o4755, 0o700);
  const spec = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(path, fc.string({ maxLength: 9, unit: 'grapheme-ascii' }), mode)
        .map(([p, data, m]) => file(p, data, { mode: m })),
    },
    { weight: 4, arbitrary: fc.tuple(path, mode).map(([p, m]) => dir(p, { mode: m })) },
    { weight: 2, arbitrary: fc.tuple(path, path).map(([p, to]) => hardlink(p, to)) },
    // Never a part of a path: what links do to paths is told above, case by case.
    { weight: 1, arbitrary: path.map((p) => symlink(`${p}/link`, 'nowhere')) },
    {
      weight: 2,
      arbitrary: fc.tuple(path, fc.boolean()).map(([p, opaque]) => whiteout(p, opaque)),
    },
  );

  function whiteout(path: string, opaque: boolean): Spec {
    if (opaque) return file(`${path}/.wh..wh..opq`);
    const parts = path.split('/');
    return file([...parts.slice(0, -1), `.wh.${parts.at(-1) ?? ''}`].join('/'));
  }

  test('comes to what the plain model comes to', async () => {
    let refusals = 0;
    let trees = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(spec, { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 300, max: 4096 }),
        async (stack, piece) => {
          const model = new Model();
          // What the model cannot apply is left out, once we agree that it cannot be.
          const layers: Spec[][] = [];
          for (const specs of stack) {
            if (model.accepts(specs)) {
              model.apply(specs);
              layers.push(specs);
              continue;
            }
            refusals += 1;
            const bytes = [...layers, specs].map((one) => archive(...one));
            await expect(treeOf(bytes)).rejects.toBeInstanceOf(LupineError);
          }
          trees += 1;
          const tree = await treeOf(
            layers.map((one) => archive(...one)),
            { piece },
          );
          expect(await summary(tree)).toEqual(model.summary());
          const modes = [...tree.entries()].filter((e) => e.path !== '').map((e) => e.mode);
          expect(modes).toEqual(model.modes());
          const read = await readBack(tree.tar());
          expect(contents(read)).toEqual(model.contents());
          expect(read.length).toBe(tree.entryCount);
        },
      ),
      { numRuns: 300 },
    );
    expect(trees).toBeGreaterThan(0);
    expect(refusals).toBeGreaterThan(0);
  });

  /** Contents by name, hard links followed; a link must come after what it links to. */
  function contents(read: Awaited<ReturnType<typeof readBack>>): [string, string][] {
    const seen = new Map<string, string>();
    for (const { name, type, linkname, content } of read) {
      if (type === 'file') seen.set(name, content);
      if (type === 'symlink') seen.set(name, `-> ${linkname}`);
      if (type === 'link') {
        const target = seen.get(linkname);
        if (target === undefined) throw new Error(`${name} links to what has not come yet`);
        seen.set(name, target);
      }
    }
    return [...seen].sort(([a], [b]) => (a < b ? -1 : 1));
  }
});
