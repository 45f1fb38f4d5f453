/** Trees of what is on this machine: lists of files, and directories. */

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { directoryTree, hostTree } from '../../../../src/image/tree/index.js';
import { bytesOf, readBack, summary } from './archive.js';

let scratch = '';
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'lupine-host-'));
});
afterEach(() => rmSync(scratch, { recursive: true }));

function put(name: string, data: string | Buffer, mode = 0o644): string {
  const path = join(scratch, name);
  writeFileSync(path, data);
  chmodSync(path, mode);
  utimesSync(path, 1000, 1000.75);
  return path;
}

describe('a list of files', () => {
  test('becomes a tree', async () => {
    const from = put('app', 'elf', 0o4755);
    symlinkSync('app', join(scratch, 'alias'));
    const tree = await hostTree([
      { path: '/usr/bin/app', type: 'file', from },
      { path: '/usr/bin/again', type: 'file', from: join(scratch, 'alias'), mode: 0o500, uid: 9 },
      { path: '/etc/hosts', type: 'file', bytes: Buffer.from('127.0.0.1') },
      { path: '/bin', type: 'symlink', target: 'usr/bin' },
      { path: '/bin/hard', type: 'link', to: '/bin/app' },
      { path: '/tmp', type: 'directory', mode: 0o1777 },
      { path: '/dev/null', type: 'character', major: 1, minor: 3, mode: 0o666 },
      { path: '/', type: 'directory', mode: 0o711 },
    ]);
    expect(await summary(tree)).toEqual([
      'bin -> usr/bin',
      'dev/',
      'dev/null (character)',
      'etc/',
      'etc/hosts=127.0.0.1',
      'tmp/',
      'usr/',
      'usr/bin/',
      'usr/bin/again=elf',
      'usr/bin/app=elf',
      'usr/bin/hard == usr/bin/app',
    ]);
    expect(tree.get('usr/bin/app')).toMatchObject({ mode: 0o4755, uid: 0, mtime: 1000, size: 3 });
    expect(tree.get('usr/bin/again')).toMatchObject({ mode: 0o500, uid: 9 });
    expect(tree.get('dev/null')).toMatchObject({ major: 1, minor: 3, mode: 0o666 });
    expect(tree.get('')?.mode).toBe(0o711);
  });

  test('has a digest of all that it says', async () => {
    const digest = async (data: string, mode: number) =>
      (await hostTree([{ path: 'a', type: 'file', bytes: Buffer.from(data), mode }])).digest;
    expect(await digest('x', 0o644)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await digest('x', 0o644)).toBe(await digest('x', 0o644));
    expect(await digest('y', 0o644)).not.toBe(await digest('x', 0o644));
    expect(await digest('x', 0o600)).not.toBe(await digest('x', 0o644));
  });

  test('is refused where it has no sense', async () => {
    const missing = hostTree([{ path: 'a', type: 'file', from: join(scratch, 'no') }]);
    await expect(missing).rejects.toMatchObject({ where: join(scratch, 'no') });
    const folder = hostTree([{ path: 'a', type: 'file', from: scratch }]);
    await expect(folder).rejects.toThrow('this is not a regular file');
    const bytes = Buffer.from('');
    const through = hostTree([
      { path: 'a', type: 'file', bytes },
      { path: 'a/b', type: 'file', bytes },
    ]);
    await expect(through).rejects.toThrow('a file is used as a directory');
    await expect(hostTree([{ path: 'a', type: 'link', to: 'b' }])).rejects.toThrow('no file');
  });
});

describe('a file that changes', () => {
  test.each([
    ['grows', (path: string) => appendFileSync(path, 'more')],
    ['shrinks', (path: string) => writeFileSync(path, 'x')],
    [
      'is replaced',
      (path: string) => {
        rmSync(path);
        symlinkSync('/etc/passwd', path);
      },
    ],
    ['is removed', (path: string) => rmSync(path)],
  ])('%s after its digest is an error that names it', async (_, change) => {
    const from = put('app', 'elf'.repeat(1000));
    const tree = await hostTree([{ path: 'app', type: 'file', from }]);
    change(from);
    await expect(bytesOf(tree.tar())).rejects.toMatchObject({
      message: 'a file changed while it was read',
      where: from,
    });
  });

  test('while it is read is an error too', async () => {
    const from = put('app', Buffer.alloc(8_000_000));
    const tree = await hostTree([{ path: 'app', type: 'file', from }]);
    const read = async () => {
      let first = true;
      for await (const piece of tree.tar()) {
        if (first) appendFileSync(from, String(piece).slice(0, 1));
        first = false;
      }
    };
    await expect(read()).rejects.toThrow('a file changed while it was read');
  });
});

describe('a directory', () => {
  test('becomes a tree as it is, following nothing', async () => {
    mkdirSync(join(scratch, 'd', 'e'), { recursive: true });
    chmodSync(join(scratch, 'd'), 0o1750);
    put('d/f', 'content', 0o2755);
    linkSync(join(scratch, 'd', 'f'), join(scratch, 'd', 'e', 'g'));
    symlinkSync('/etc', join(scratch, 'out'));
    symlinkSync(scratch, join(scratch, 'd', 'circle'));
    execFileSync('mkfifo', [join(scratch, 'pipe')]);
    writeFileSync(Buffer.concat([Buffer.from(`${scratch}/`), Buffer.from([0x78, 0xff])]), 'raw');
    const server = createServer().listen(join(scratch, 'socket'));
    try {
      const tree = await directoryTree(scratch);
      expect(await summary(tree)).toEqual([
        'd/',
        `d/circle -> ${scratch}`,
        'd/e/',
        'd/e/g=content',
        'd/f == d/e/g',
        'out -> /etc',
        'pipe (fifo)',
        'x\udcff=raw',
      ]);
      expect(tree.get('d')?.mode).toBe(0o1750);
      expect(tree.get('d/f')).toMatchObject({ mode: 0o2755, mtime: 1000, uid: process.getuid?.() });
      expect(tree.digest).toBe((await directoryTree(`${scratch}/`)).digest);
      expect((await readBack(tree.tar())).at(-1)).toMatchObject({ name: 'd/f', linkname: 'd/e/g' });
    } finally {
      server.close();
    }
  });

  test('that is a link is followed, itself only', async () => {
    mkdirSync(join(scratch, 'real'));
    put('real/f', '1');
    symlinkSync('real', join(scratch, 'link'));
    expect(await summary(await directoryTree(join(scratch, 'link')))).toEqual(['f=1']);
  });

  test('that is none is refused', async () => {
    await expect(directoryTree(join(scratch, 'no'))).rejects.toMatchObject({
      message: 'the directory cannot be read (ENOENT)',
    });
    await expect(directoryTree(put('f', ''))).rejects.toThrow(/not a directory|ENOTDIR/);
  });

  test('stops when told', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(directoryTree(scratch, signal)).rejects.toThrow('enough');
  });
});
