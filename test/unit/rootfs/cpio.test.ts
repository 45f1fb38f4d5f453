import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostTree, type HostEntry } from '../../../src/image/tree/index.js';
import type { FileTree } from '../../../src/image/types.js';
import { buildRootfs, cpioArchive } from '../../../src/rootfs/index.js';
import { context, everything, noting, scratch, withXattrs } from './fixture.js';
import { listTree, listUnpacked } from './readback.js';

const directory = await scratch();

/** cpio(1) sets no times of links, and those of directories before it fills them. */
function withoutSomeTimes(listing: Map<string, string>): Map<string, string> {
  return new Map(
    [...listing].map(([path, line]) => [path, line.replace(/^([dl].*) @\d+ /, '$1 ')]),
  );
}

test('cpio finds all that the tree has, under app/', async () => {
  const tree = await everything();
  const path = join(directory, 'all.cpio');
  const rootfs = await buildRootfs(tree, { format: 'initramfs' }, path, context);
  expect(rootfs.options).toEqual(['BLK_DEV_INITRD', 'INITRAMFS_PRESERVE_MTIME']);
  const script = 'mkdir "$1" && cd "$1" && cpio -idm --quiet <"$0"';
  const found = await listUnpacked(['sh', '-c', script, path], '/app');
  expect(withoutSomeTimes(found)).toEqual(withoutSomeTimes(await listTree(tree)));
});

test('lost extended attributes are told', async () => {
  const told = noting();
  const path = join(directory, 'xattrs.cpio');
  await buildRootfs(await withXattrs(), { format: 'initramfs' }, path, told);
  expect(told.notes.join('\n')).toMatch(/cannot hold security\.capability, which \/cap-1 has/);
});

test('a file of 4 GiB is refused before anything is read', async () => {
  const small = await hostTree([{ type: 'file', path: 'f', bytes: Buffer.alloc(0) }]);
  const tree: FileTree = {
    digest: small.digest,
    entryCount: 2,
    inodeCount: 2,
    contentBytes: 2 ** 32,
    get: (path) => small.get(path),
    resolve: (path) => small.resolve(path),
    children: (path) => small.children(path),
    list: (path) => small.list(path),
    readFile: (path) => small.readFile(path),
    *entries() {
      for (const entry of small.entries()) {
        yield entry.path === 'f' ? { ...entry, size: 2 ** 32 } : entry;
      }
    },
    tar: () => expect.fail('was read'),
  };
  const building = buildRootfs(tree, { format: 'initramfs' }, join(directory, 'big.cpio'), context);
  await expect(building).rejects.toMatchObject({ where: 'f', message: /4 GiB/ });
});

const name = fc.stringMatching(/^[a-z0-9_-]{1,40}$/);
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const owner = fc.nat(0xfffffffe);

test('bsdtar lists what was written, whatever it is', { timeout: 60_000 }, async () => {
  const entry = fc.record({
    path,
    mode: fc.nat(0o7777),
    uid: owner,
    gid: owner,
    mtime: fc.nat(0xffffffff),
    size: fc.nat(9000),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(entry, { selector: (e) => e.path, maxLength: 8 }),
      async (list) => {
        // A path through a file of the list has no sense.
        const files = list.filter(({ path }) => !list.some((e) => e.path.startsWith(`${path}/`)));
        const entries = files.map(({ size, ...rest }): HostEntry => {
          return { ...rest, type: 'file', bytes: Buffer.alloc(size, 'x') };
        });
        const tree = await hostTree(entries);
        const output = join(directory, 'random.cpio');
        await buildRootfs(tree, { format: 'initramfs' }, output, context);
        const listed = execFileSync('bsdtar', [
          '-cf',
          '-',
          '--format=mtree',
          `@${output}`,
        ]).toString();
        for (const { path, mode, uid, gid, mtime, size } of files) {
          const line = listed.split('\n').find((text) => text.startsWith(`./app/${path} `)) ?? '';
          const facts = Object.fromEntries(
            line.split(' ').map((word) => word.split('=')),
          ) as object;
          expect(facts).toMatchObject({
            type: 'file',
            mode: mode.toString(8),
            uid: String(uid),
            gid: String(gid),
            size: String(size),
            time: `${mtime}.0`,
          });
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('a small archive has its directories and the very bytes', () => {
  const archive = cpioArchive([
    { path: 'init', mode: 0o755, content: Buffer.from('ELF') },
    { path: 'lupine/settings', mode: 0o600, content: Buffer.from('a=b\0c=d\0') },
  ]);
  const list = execFileSync('cpio', ['-itv', '--quiet'], { input: archive }).toString();
  const words = list
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ +/));
  expect(words.map((line) => [line[0], line[4], line.at(-1)])).toEqual([
    ['-rwxr-xr-x', '3', 'init'],
    ['drwxr-xr-x', '0', 'lupine'],
    ['-rw-------', '8', 'lupine/settings'],
  ]);
  const content = execFileSync('bsdtar', ['-xOf', '-', 'lupine/settings'], { input: archive });
  expect(content.toString()).toBe('a=b\0c=d\0');
});

test.each(['/init', 'a//b', '../x', '', 'TRAILER!!!'])('%j is no path for an archive', (bad) => {
  expect(() => cpioArchive([{ path: bad, mode: 0, content: Buffer.alloc(0) }])).toThrow(
    /not a path/,
  );
});

test('joined archives are one to cpio and stay aligned', async () => {
  const tree = await hostTree([{ type: 'file', path: 'f', bytes: Buffer.from('x') }]);
  const output = join(directory, 'joined.cpio');
  await buildRootfs(tree, { format: 'initramfs' }, output, context);
  const bytes = await readFile(output);
  expect(bytes.length % 4).toBe(0);
  expect(bytes.toString('latin1')).toMatch(/TRAILER!!!\0+$/);
});
