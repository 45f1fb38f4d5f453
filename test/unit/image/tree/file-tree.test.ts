import { describe, expect, test } from 'vitest';
import { archive, dir, file, hardlink, symlink, treeOf } from './archive.js';

const tree = await treeOf([
  archive(
    dir('etc'),
    file('etc/passwd', 'root'),
    file('usr/bin/app', 'binary'),
    hardlink('usr/bin/app2', 'usr/bin/app'),
    symlink('bin', 'usr/bin'),
    symlink('usr/abs', '/bin'),
    symlink('usr/up', '../../../../etc'),
    symlink('usr/bin/tool', '../up/passwd'),
    symlink('loop', 'loop'),
    symlink('ping', 'pong'),
    symlink('pong', 'ping'),
    symlink('gone', 'nowhere/at/all'),
    symlink('dot', '.'),
    ...Array.from({ length: 41 }, (_, i) => symlink(`hop${i}`, i === 0 ? 'etc' : `hop${i - 1}`)),
    file('usr/bin/B', ''),
    file('usr/bin/a.x', ''),
    dir('usr/bin/a'),
  ),
]);

describe('resolve', () => {
  test.each([
    ['bin/app', 'usr/bin/app'],
    ['/bin/app', 'usr/bin/app'],
    ['usr/abs/app', 'usr/bin/app'],
    ['usr/up/passwd', 'etc/passwd'],
    ['bin/tool', 'etc/passwd'],
    ['../../etc/./passwd', 'etc/passwd'],
    ['usr/abs/../up', 'etc'],
    ['usr/abs/..', 'usr'],
    ['dot/dot/dot/etc', 'etc'],
    ['bin', 'usr/bin'],
    ['', ''],
    ['/', ''],
    ['hop39', 'etc'],
    ['hop40', undefined],
    ['loop', undefined],
    ['ping/x', undefined],
    ['gone', undefined],
    ['etc/passwd/x', undefined],
    ['etc/nothing', undefined],
  ])('%s is %s', (path, expected) => {
    expect(tree.resolve(path)?.path).toBe(expected);
  });
});

test('get follows nothing', () => {
  expect(tree.get('bin')).toMatchObject({ path: 'bin', type: 'symlink', target: 'usr/bin' });
  expect(tree.get('/etc/passwd/')?.path).toBe('etc/passwd');
  expect(tree.get('bin/app')).toBeUndefined();
  expect(tree.get('etc/../etc')).toBeUndefined();
});

test('list is sorted by bytes and follows links', () => {
  expect(tree.list('bin')).toEqual(['B', 'a', 'a.x', 'app', 'app2', 'tool']);
  expect(tree.list('etc/passwd')).toEqual([]);
  expect(tree.list('nothing')).toEqual([]);
});

test('entries come parents first, siblings in byte order, links named after their first name', () => {
  const entries = [...tree.entries()];
  expect(entries[0]).toMatchObject({ path: '', type: 'directory' });
  expect(entries).toHaveLength(tree.entryCount);
  const seen = new Set<string>(['']);
  for (const { path } of entries.slice(1)) {
    expect(seen.has(path.slice(0, Math.max(path.lastIndexOf('/'), 0)))).toBe(true);
    seen.add(path);
  }
  expect(tree.get('usr/bin/app')?.linkOf).toBeUndefined();
  expect(tree.get('usr/bin/app2')?.linkOf).toBe('usr/bin/app');
  expect(tree.contentBytes).toBe('root'.length + 'binary'.length);
});

test('hard links share a number, and numbers follow the first names', () => {
  const entries = [...tree.entries()];
  const first = entries.filter(({ linkOf }) => linkOf === undefined);
  expect(first.map(({ inode }) => inode)).toEqual(first.map((_, i) => i));
  expect(tree.inodeCount).toBe(first.length);
  for (const { path, inode, linkOf } of entries) {
    expect(tree.get(path)?.inode).toBe(inode);
    if (linkOf !== undefined) expect(tree.get(linkOf)?.inode).toBe(inode);
  }
  expect(tree.resolve('bin/app2')?.inode).toBe(tree.get('usr/bin/app')?.inode);
});

test('children are what entries has one level below', () => {
  const entries = [...tree.entries()];
  for (const { path } of entries) {
    const below = entries.filter((entry) => {
      const parent = entry.path.slice(0, Math.max(entry.path.lastIndexOf('/'), 0));
      return entry.path !== '' && parent === path;
    });
    expect([...tree.children(path)]).toEqual(below);
  }
  expect([...tree.children('bin')]).toEqual([]);
  expect([...tree.children('nothing')]).toEqual([]);
});

describe('readFile', () => {
  test('follows links', async () => {
    expect((await tree.readFile('bin/tool')).toString()).toBe('root');
    expect((await tree.readFile('/usr/bin/app2')).toString()).toBe('binary');
  });

  test('says what it cannot read', async () => {
    await expect(tree.readFile('gone')).rejects.toThrow('no such file in the image');
    await expect(tree.readFile('etc')).rejects.toThrow('no such file in the image');
    await expect(tree.readFile('loop')).rejects.toThrow('no such file in the image');
    await expect(tree.readFile('etc/passwd', 3)).rejects.toThrow('larger than 3 bytes');
  });
});
