import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildRootfs } from '../../../src/rootfs/index.js';
import { hostTree } from '../../../src/image/tree/index.js';
import { capability, context, everything, noting, scratch, withXattrs } from './fixture.js';
import { listTree, listUnpacked, tool } from './readback.js';

const directory = await scratch();

test('unsquashfs finds all that the tree has', async () => {
  const tree = await everything();
  const path = join(directory, 'all.squashfs');
  const rootfs = await buildRootfs(tree, { format: 'squashfs' }, path, context);
  const found = await listUnpacked(['sh', '-c', 'unsquashfs -no-progress -d "$1" "$0"', path]);
  expect(found).toEqual(await listTree(tree));
  expect(rootfs.bytes % 4096).toBe(0);
});

test('unsquashfs finds the extended attributes', async () => {
  const path = join(directory, 'xattrs.squashfs');
  const told = noting();
  const rootfs = await buildRootfs(await withXattrs(), { format: 'squashfs' }, path, told);
  expect(rootfs.options).toContain('SQUASHFS_XATTR');
  expect(told.notes.join()).toMatch(/cannot hold system\.posix_acl_access.*\/acl/);
  const script =
    'unsquashfs -q -n -no-progress -d "$1" "$0" >&2 && tar --xattrs --xattrs-include="*" -C "$1" -cf - .';
  const tar = await tool('fakeroot', 'sh', '-c', script, path, join(directory, 'unpacked'));
  const value = Buffer.concat([Buffer.from('SCHILY.xattr.security.capability='), capability]);
  expect(tar.includes(value)).toBe(true);
  expect(tar.includes(Buffer.from('SCHILY.xattr.trusted.t=tt\n'))).toBe(true);
});

test('the builder and the clock leave no trace', async () => {
  const tree = await hostTree([{ type: 'directory', path: '', mtime: 77 }]);
  const path = join(directory, 'empty.squashfs');
  await buildRootfs(tree, { format: 'squashfs' }, path, context);
  const found = await listUnpacked(['sh', '-c', 'unsquashfs -no-progress -d "$1" "$0"', path]);
  expect(found).toEqual(await listTree(tree));
});
