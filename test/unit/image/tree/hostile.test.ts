/** The table of src/image/tree/rules.ts: one odd layer each, and what comes of it. */

import { describe, expect, test } from 'vitest';
import { LupineError } from '../../../../src/support/errors.js';
import {
  archive,
  dir,
  entry,
  file,
  hardlink,
  symlink,
  summary,
  treeOf,
  type Spec,
} from './archive.js';

const long = (n: number) => 'n'.repeat(n);
const deep = (n: number) => Array.from({ length: n }, () => 'd').join('/');
const paxFile = (pax: Record<string, string | Buffer>, data = ''): Spec => file('f', data, { pax });

const madeSafe: [name: string, layers: (Spec | Buffer)[][], tree: string[]][] = [
  ['./ in front', [[dir('./'), file('./a', '1')]], ['a=1']],
  ['absolute name', [[file('/etc/x', '1')]], ['etc/', 'etc/x=1']],
  ['empty and dot parts', [[file('a//b/./c', '1')]], ['a/', 'a/b/', 'a/b/c=1']],
  [
    'directory by its slash (v7)',
    [[{ name: 'd/', type: '\0', magic: '\0\0\0\0\0\0\0\0' }]],
    ['d/'],
  ],
  ['v7 file', [[file('f', 'x', { type: '\0', magic: '\0\0\0\0\0\0\0\0' })]], ['f=x']],
  ['GNU magic', [[file('f', 'x', { magic: 'ustar  \0', prefix: 'ignored' })]], ['f=x']],
  ['ustar prefix', [[file('f', 'x', { prefix: 'p/q' })]], ['p/', 'p/q/', 'p/q/f=x']],
  ['contiguous file', [[file('f', 'x', { type: '7' })]], ['f=x']],
  [
    'symlink out of the tree',
    [[symlink('s', '../../../etc/passwd')]],
    ['s -> ../../../etc/passwd'],
  ],
  [
    'write through an absolute symlink',
    [[dir('etc'), symlink('s', '/etc')], [file('s/x', '1')]],
    ['etc/', 'etc/x=1', 's -> /etc'],
  ],
  [
    'write through a climbing symlink',
    [[symlink('s', '../../../tmp')], [file('s/x', '1')]],
    ['s -> ../../../tmp', 'tmp/', 'tmp/x=1'],
  ],
  [
    'write through a dangling symlink of the same layer',
    [[symlink('s', 'a/b'), file('s/x', '1')]],
    ['a/', 'a/b/', 'a/b/x=1', 's -> a/b'],
  ],
  ['same name twice', [[file('a', '1'), file('a', '2')]], ['a=2']],
  ['file then directory', [[file('a', '1'), dir('a'), file('a/b', '2')]], ['a/', 'a/b=2']],
  ['directory then file', [[dir('a'), file('a/b', '2'), file('a', '1')]], ['a=1']],
  ['hard link to itself', [[file('a', '1'), hardlink('a', './a')]], ['a=1']],
  ['hard link into what it replaces', [[file('a/b', '1'), hardlink('a', 'a/b')]], ['a=1']],
  ['hard link to a symlink', [[symlink('s', 'x'), hardlink('t', 's')]], ['s -> x', 't == s']],
  [
    'hard link through a symlink',
    [[file('d/f', '1'), symlink('s', 'd'), hardlink('g', '/s/f')]],
    ['d/', 'd/f=1', 'g == d/f', 's -> d'],
  ],
  ['size of a directory', [[dir('d', { size: 4096 }), file('a', '1')]], ['a=1', 'd/']],
  ['size of a symlink', [[{ ...symlink('s', 'x'), size: 9 }, file('a', '1')]], ['a=1', 's -> x']],
  [
    'left by AUFS',
    [[dir('.wh..wh.plnk'), file('.wh..wh.plnk/1.2', 'x'), file('.wh..wh.aufs'), file('a', '1')]],
    ['a=1'],
  ],
  ['whiteout of a whiteout', [[file('d/.wh..wh.x'), file('a', '1')]], ['a=1']],
  ['whiteout in the lowest layer', [[file('.wh.a'), file('a', '1')]], ['a=1']],
  ['whiteout of nothing', [[file('a', '1')], [file('x/y/.wh.z')]], ['a=1']],
  ['global pax header', [[gnu('g', Buffer.from('12 path=zz\n')), file('a', '1')]], ['a=1']],
  ['GNU long name', [[gnu('L', `${long(200)}\0`), file('short', '1')]], [`${long(200)}=1`]],
  ['GNU long link', [[gnu('K', `${long(150)}\0`), symlink('s', 'short')]], [`s -> ${long(150)}`]],
  ['pax names', [[paxFile({ path: 'é/ü' }, 'x')]], ['é/', 'é/ü=x']],
  ['empty pax value', [[paxFile({ path: '' }, 'x')]], ['f=x']],
  ['no end mark', [[Buffer.alloc(0)]], []],
];

function gnu(type: string, body: string | Buffer): Buffer {
  return entry({ name: '././@LongLink', type, data: body });
}

const refused: [name: string, layers: (Spec | Buffer)[][], message: string][] = [
  ['..', [[file('../a')]], 'a path leaves the image by ".."'],
  ['.. inside', [[file('a/../b')]], 'a path leaves the image by ".."'],
  ['.. in a hard link', [[file('a'), hardlink('b', '../a')]], 'a path leaves the image by ".."'],
  ['NUL in a name', [[paxFile({ path: 'a\0b' })]], 'a name contains a NUL'],
  ['long part', [[paxFile({ path: long(256) })]], 'a name is longer than 255 bytes'],
  ['long part in bytes', [[paxFile({ path: 'é'.repeat(128) })]], 'a name is longer than 255 bytes'],
  ['long path', [[paxFile({ path: deep(2049) })]], 'a path is longer than 4095 bytes'],
  [
    'path made long by links',
    [
      [
        dir('x', { pax: { path: deep(1000) } }),
        { ...symlink('s', ''), pax: { linkpath: deep(1000) } },
      ],
      [file('f', '', { pax: { path: `s/${deep(1500)}/f` } })],
    ],
    'a path is longer than 4095 bytes',
  ],
  ['empty symlink', [[symlink('s', '')]], 'a symbolic link has no target'],
  [
    'long symlink',
    [[{ ...symlink('s', ''), pax: { linkpath: long(4096) } }]],
    "a symbolic link's target is longer than 4095 bytes",
  ],
  ['entry through a file', [[file('a'), file('a/b')]], 'a file is used as a directory'],
  [
    'entry through a device',
    [[{ name: 'a', type: '3' }], [dir('a/b/c')]],
    'a file is used as a directory',
  ],
  [
    'entry through a loop',
    [[symlink('a', 'b'), symlink('b', 'a'), file('a/x')]],
    'too many levels of symbolic links',
  ],
  ['root as a file', [[file('./')]], 'the root is not a directory'],
  ['root as a symlink', [[symlink('/', 'x')]], 'the root is not a directory'],
  ['hard link to nothing', [[hardlink('a', 'b')]], 'a hard link points to nothing'],
  [
    'hard link to a directory',
    [[dir('d'), hardlink('a', 'd')]],
    'a hard link points to a directory',
  ],
  ['hard link to the root', [[hardlink('a', '/')]], 'a hard link points to a directory'],
  ['whiteout of nothing named', [[file('a/.wh.')]], 'a whiteout hides no name'],
  ['whiteout of .', [[file('a/.wh..')]], 'a whiteout hides no name'],
  ['whiteout of ..', [[file('a/.wh...')]], 'a whiteout hides no name'],
  ['whiteout as a directory', [[file('.wh.a/b')]], 'a whiteout is used as a directory'],
  [
    'size beyond the layer',
    [[file('a', '', { size: 5000 })]],
    'the layer is truncated: it ends inside an entry',
  ],
  [
    'giant size',
    [[paxFile({ size: '999999999999999' })]],
    'a file claims 999999999999999 bytes, more than a layer may have',
  ],
  [
    'size that is no number',
    [[paxFile({ size: '1e3' })]],
    'the size of a pax header is not a number',
  ],
  ['negative size', [[paxFile({ size: '-1' })]], 'the size of a pax header is not a number'],
  ['negative owner', [[paxFile({ uid: '-1' })]], 'the uid of a pax header is not a number'],
  ['owner -1', [[paxFile({ gid: '4294967295' })]], 'an owner is out of range'],
  [
    'device number',
    [[{ name: 'd', type: '4', major: 0o10000 }]],
    'a device number is out of range',
  ],
  [
    'attribute without a name',
    [[paxFile({ 'SCHILY.xattr.': 'x' })]],
    "an extended attribute's name is not usable",
  ],
  [
    'large attribute',
    [[paxFile({ 'SCHILY.xattr.user.a': Buffer.alloc(65_537) })]],
    'an extended attribute is larger than 64 KiB',
  ],
  [
    'attribute that is not base64',
    [[paxFile({ 'LIBARCHIVE.xattr.user.a': '!!' })]],
    'an extended attribute is not base64',
  ],
  ['GNU sparse', [[file('a', '', { type: 'S' })]], 'sparse files in layers are not supported'],
  [
    'pax sparse',
    [[paxFile({ 'GNU.sparse.major': '1' })]],
    'sparse files in layers are not supported',
  ],
  ['multi-volume', [[file('a', '', { type: 'M' })]], 'entries of type 0x4d are not supported'],
  [
    'checksum',
    [[file('a', '', { badChecksum: true })]],
    'this is not a tar header (wrong checksum)',
  ],
  ['unknown magic', [[file('a', '', { magic: 'tarball!' })]], 'the tar format is unknown'],
  ['bad octal', [[file('a', '', { mode: NaN })]], 'a number in a tar header is not octal'],
  ['pax without its entry', [[paxOnly()]], 'an extended header has no entry'],
  ['pax length too long', [[badPax('99 path=a\n')]], 'a pax header is malformed'],
  ['pax length zero', [[badPax('0 path=a\n')]], 'a pax header is malformed'],
  ['pax without =', [[badPax('9 patha1\n')]], 'a pax header is malformed'],
  ['pax without newline', [[badPax('9 path=ab')]], 'a pax header is malformed'],
  [
    'giant pax header',
    [[entry({ name: 'p', type: 'x', size: 2 ** 21 })]],
    'an extended header is larger than 1 MiB',
  ],
  ['entry after the end', [[Buffer.alloc(512), file('a')]], 'an entry follows the mark of the end'],
];

function paxOnly(): Buffer {
  return entry({ name: 'p', type: 'x', data: '9 path=b\n' });
}

function badPax(body: string): Buffer {
  return Buffer.concat([entry({ name: 'p', type: 'x', data: body }), entry(file('f'))]);
}

const build = (layers: (Spec | Buffer)[][]) => treeOf(layers.map((specs) => archive(...specs)));

describe('made safe', () => {
  test.each(madeSafe)('%s', async (_, layers, expected) => {
    expect(await summary(await build(layers))).toEqual(expected);
  });

  test('odd permission bits, times and link modes', async () => {
    const tree = await build([
      [
        file('a', '', { mode: 0o104755, pax: { mtime: '1700000000.99' } }),
        file('b', '', { pax: { mtime: '-5.5' } }),
        file('c', '', { pax: { mtime: '999999999999' } }),
        { ...symlink('s', 'x'), mode: 0 },
      ],
    ]);
    expect(tree.get('a')).toMatchObject({ mode: 0o4755, mtime: 1_700_000_000 });
    expect(tree.get('b')?.mtime).toBe(0);
    expect(tree.get('c')?.mtime).toBe(0o77777777777);
    expect(tree.get('s')?.mode).toBe(0o777);
  });

  test('missing parents are plain', async () => {
    const tree = await build([[file('a/b', '', { uid: 5 })]]);
    expect(tree.get('a')).toMatchObject({ mode: 0o755, uid: 0, gid: 0, mtime: 0 });
  });

  test('the root takes metadata', async () => {
    const tree = await build([[dir('./', { mode: 0o700, uid: 7 })]]);
    expect(tree.get('')).toMatchObject({ type: 'directory', mode: 0o700, uid: 7 });
  });

  test('a name that is not UTF-8 is kept to the byte', async () => {
    const name = Buffer.from([0x61, 0xff, 0xc3, 0xa9, 0xed, 0xa0, 0x80]);
    const tree = await build([[{ name, data: 'x' }]]);
    const [path] = tree.list('');
    expect(path).toBe('a\udcffé\udced\udca0\udc80');
    expect(tree.get(path ?? '')?.size).toBe(1);
  });
});

describe('refused', () => {
  test.each(refused)('%s', async (_, layers, message) => {
    const error = await build(layers).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(LupineError);
    expect((error as LupineError).message).toBe(message);
    expect((error as LupineError).where).toContain('layer sha256:layer');
  });

  test('the error names the entry', async () => {
    await expect(build([[file('ok')], [file('x/../bad')]])).rejects.toMatchObject({
      where: 'layer sha256:layer1, entry "x/../bad"',
    });
  });

  test.each([
    ['entries', { entries: 2 }, 'the layer has too many entries'],
    ['metadata', { metadataBytes: 4 }, 'the names and attributes of the layer are too large'],
    ['size', { tarBytes: 3500 }, 'the layer is too large'],
    ['claim', { tarBytes: 512 }, 'a file claims 1 bytes, more than a layer may have'],
  ])('more %s than allowed', async (_, limits, message) => {
    const bytes = archive(file('aa', 'x'), file('bb', 'x'), file('cc', 'x'));
    await expect(treeOf([bytes], { limits })).rejects.toThrow(message);
  });

  test('links that multiply the work of a merge', async () => {
    const hops = Array.from({ length: 39 }, (_, i) =>
      symlink(`s${i}`, `${'./'.repeat(45)}s${i + 1}`),
    );
    const many = Array.from({ length: 15_000 }, (_, i) => [
      file(`s0/${i}`),
      file(`s${i % 9}/y${i}`),
    ]);
    const bytes = archive(...hops, dir('s39'), ...many.flat());
    await expect(treeOf([bytes])).rejects.toThrow('the symbolic links of the image lead too far');
  });
});
