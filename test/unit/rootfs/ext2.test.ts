import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { hostTree } from '../../../src/image/tree/index.js';
import { buildRootfs } from '../../../src/rootfs/index.js';
import { capability, context, everything, scratch, withXattrs } from './fixture.js';
import { listExt2 } from './debugfs.js';
import { listTree, tool } from './readback.js';

const directory = await scratch();

test('debugfs finds all that the tree has', async () => {
  const tree = await everything();
  const path = join(directory, 'all.ext2');
  await buildRootfs(tree, { format: 'ext2' }, path, context);
  await tool('e2fsck', '-fn', path);
  expect(await listExt2(path)).toEqual(await listTree(tree));
});

test('extended attributes survive, and are shared', async () => {
  const path = join(directory, 'xattrs.ext2');
  const rootfs = await buildRootfs(await withXattrs(), { format: 'ext2' }, path, context);
  const xattrs = ['EXT2_FS_XATTR', 'EXT2_FS_SECURITY', 'EXT2_FS_POSIX_ACL'];
  expect(rootfs.options).toEqual(['BLOCK', 'EXT2_FS', ...xattrs]);
  await tool('e2fsck', '-fn', path);
  const ask = async (request: string) => (await tool('debugfs', '-R', request, path)).toString();
  for (const name of ['cap-1', 'cap-2']) {
    const value = await ask(`ea_get -x ${name} security.capability`);
    expect(value.replace(/[^0-9a-f]*([0-9a-f]{2}) ?/g, '$1')).toContain(capability.toString('hex'));
  }
  expect(await ask('ea_list many')).toMatch(/user\.long \(500\)\s+user\.empty \(0\)/);
  expect(await ask('ea_get many trusted.t')).toContain('tt');
  const aclOf = async (name: string) => /File ACL: (\d+)/.exec(await ask(`stat ${name}`))?.[1];
  expect(await aclOf('cap-1')).toBe(await aclOf('cap-2'));
  expect(await aclOf('cap-1')).not.toBe(await aclOf('many'));
});

test('attributes that do not fit a block are refused by name', async () => {
  const xattrs = new Map([['user.big', Buffer.alloc(5000)]]);
  const tree = await hostTree([{ type: 'file', path: 'f', bytes: Buffer.alloc(0), xattrs }]);
  const building = buildRootfs(tree, { format: 'ext2' }, join(directory, 'no.ext2'), context);
  await expect(building).rejects.toMatchObject({ where: 'f', message: /too large for ext2/ });
});

test.each([0, 1_000_000, 300_000_000])('%i free bytes are free and cost no disk', async (free) => {
  const tree = await hostTree([{ type: 'file', path: 'f', bytes: Buffer.alloc(10_000, 1) }]);
  const path = join(directory, `free-${free}.ext2`);
  await buildRootfs(tree, { format: 'ext2', freeBytes: free }, path, context);
  await tool('e2fsck', '-fn', path);
  const told = (await tool('dumpe2fs', '-h', path)).toString();
  const blocks = Number(/Free blocks: +(\d+)/.exec(told)?.[1]);
  expect(blocks * 4096).toBeGreaterThanOrEqual(free);
  expect(blocks * 4096).toBeLessThan(free + 1_000_000);
  expect((await stat(path)).blocks * 512).toBeLessThan(1_000_000);
});

test('more subdirectories than ext2 can count are refused', async () => {
  const entries = Array.from({ length: 32_001 }, (_, i) => {
    return { type: 'directory', path: `d/${i}` } as const;
  });
  const building = buildRootfs(
    await hostTree(entries),
    { format: 'ext2' },
    join(directory, 'wide.ext2'),
    context,
  );
  await expect(building).rejects.toMatchObject({ where: 'd', message: /subdirectories/ });
});
