import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { buildRootfs } from '../../../src/rootfs/index.js';
import { context, everything, scratch, withXattrs } from './fixture.js';
import { listTree, listUnpacked, tool } from './readback.js';

const directory = await scratch();

/** fsck.erofs unpacks each name of a file as a file of its own. */
function withoutLinks(listing: Map<string, string>): Map<string, string> {
  return new Map(
    [...listing].map(([path, line]) => [path, line.replace(/^([^d].*) x\d+ /, '$1 ')]),
  );
}

test('fsck.erofs finds all that the tree has', async () => {
  const tree = await everything();
  const path = join(directory, 'all.erofs');
  await buildRootfs(tree, { format: 'erofs' }, path, context);
  const found = await listUnpacked(['sh', '-c', 'fsck.erofs --preserve --extract="$1" "$0"', path]);
  expect(withoutLinks(found)).toEqual(withoutLinks(await listTree(tree)));
});

test('hard links share an inode', async () => {
  const path = join(directory, 'links.erofs');
  await buildRootfs(await everything(), { format: 'erofs' }, path, context);
  const told = ['/d/owned', '/d/hard', '/a-hard'].map(async (name) => {
    const text = (await tool('dump.erofs', `--path=${name}`, path)).toString();
    return [/NID: (\d+)/.exec(text)?.[1], /Links: (\d+)/.exec(text)?.[1]];
  });
  const [first, ...others] = await Promise.all(told);
  expect(first?.[1]).toBe('3');
  expect(others).toEqual([first, first]);
});

test('extended attributes are counted with each inode that has them', async () => {
  const path = join(directory, 'xattrs.erofs');
  const rootfs = await buildRootfs(await withXattrs(), { format: 'erofs' }, path, context);
  const xattrs = ['EROFS_FS_XATTR', 'EROFS_FS_SECURITY', 'EROFS_FS_POSIX_ACL'];
  expect(rootfs.options).toEqual(['BLOCK', 'MISC_FILESYSTEMS', 'EROFS_FS', ...xattrs]);
  const { stdout } = await promisify(execFile)('fsck.erofs', ['-d9', path]);
  expect(stdout).not.toMatch(/<E>/);
  const told = (await tool('dump.erofs', '--path=/cap-1', path)).toString();
  // 12 of a header; 4 of an entry, 10 of a name and 20 of a value, padded to 36.
  expect(told).toMatch(/Xattr size: 48/);
});
