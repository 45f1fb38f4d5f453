import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLibraryCache } from '../../../../src/image/executable/ldcache.js';
import { openExecutable, parseInclude } from '../../../../src/image/executable/open.js';
import { LupineError } from '../../../../src/support/errors.js';
import { buildElf, library, program } from './build-elf.js';
import { GLIBC, quiet, sysroot, type Sysroot } from './sysroot.js';

async function open(root: Sysroot, path: string, include: readonly string[] = []) {
  const context = quiet();
  const image = await openExecutable(path, { include }, context, root.host);
  return { image, tree: image.tree, notes: context.notes };
}

async function refused(files: Readonly<Record<string, string | Buffer>>, path = '/bin/p') {
  const error: unknown = await open(sysroot(files), path).catch((e: unknown) => e);
  if (!(error instanceof LupineError)) throw new Error('no LupineError', { cause: error });
  return error.line;
}

const MERGED = {
  'usr/bin/p-1.0': program({ needed: ['libz.so.1', 'libc.so.6'] }),
  'usr/bin/p': '-> p-1.0',
  'usr/lib/x86_64-linux-gnu/libz.so.1': '-> libz.so.1.2',
  'usr/lib/x86_64-linux-gnu/libz.so.1.2': library('libz.so.1'),
  'usr/lib/x86_64-linux-gnu/libc.so.6': GLIBC['lib/x86_64-linux-gnu/libc.so.6'],
  'usr/lib/x86_64-linux-gnu/ld.so': GLIBC['lib64/ld-linux-x86-64.so.2'],
  'usr/lib64/ld-linux-x86-64.so.2': '-> ../lib/x86_64-linux-gnu/ld.so',
  bin: '-> usr/bin',
  lib: '-> usr/lib',
  lib64: '-> usr/lib64',
};

describe('openExecutable', () => {
  it('keeps the program under its path, with the links on every way', async () => {
    const { image, tree } = await open(sysroot(MERGED), '/bin/p');
    expect(image).toMatchObject({
      reference: '/bin/p',
      kind: 'executable',
      name: 'p',
      architecture: 'amd64',
      digest: tree.digest,
      config: { entrypoint: ['/bin/p'], cmd: [], user: '', workingDir: '/', stopSignal: 'SIGTERM' },
    });
    const targets = Object.fromEntries(
      [...tree.entries()].filter((e) => e.type === 'symlink').map((e) => [e.path, e.target]),
    );
    expect(targets).toEqual({
      bin: 'usr/bin',
      lib: 'usr/lib',
      lib64: 'usr/lib64',
      'usr/bin/p': 'p-1.0',
      'usr/lib/x86_64-linux-gnu/libz.so.1': 'libz.so.1.2',
      'usr/lib64/ld-linux-x86-64.so.2': '../lib/x86_64-linux-gnu/ld.so',
      'var/run': '/run',
    });
    expect(tree.resolve('/lib64/ld-linux-x86-64.so.2')?.type).toBe('file');
    expect(tree.resolve('/lib/x86_64-linux-gnu/libz.so.1')?.type).toBe('file');
    expect(await tree.readFile('bin/p')).toEqual(MERGED['usr/bin/p-1.0']);
  });

  it('makes the directories that programs and init expect', async () => {
    const { tree } = await open(sysroot(MERGED), '/bin/p');
    expect(tree.get('tmp')?.mode).toBe(0o1777);
    for (const path of ['proc', 'sys', 'dev', 'run', 'root', 'var/tmp', 'var/log', 'etc']) {
      expect(tree.get(path)?.type).toBe('directory');
    }
  });

  it("tells the guest's loader where libraries are", async () => {
    const { tree } = await open(sysroot(MERGED), '/bin/p');
    const cache = parseLibraryCache(await tree.readFile('etc/ld.so.cache'));
    expect(cache.get('libz.so.1')).toBe('/lib/x86_64-linux-gnu/libz.so.1');
    for (const path of cache.values()) expect(tree.resolve(path)?.type).toBe('file');
  });

  it('takes only system accounts, and no password or name of a person', async () => {
    const root = sysroot({
      ...MERGED,
      'etc/passwd':
        'root:x:0:0:The Root:/root:/bin/bash\nredis:x:104:105::/var/lib/redis:/usr/sbin/nologin\n' +
        'ann:secret:1000:1000:Ann Person:/home/ann:/bin/sh\nbroken line\nbad name:x:5:5::/:\n',
      'etc/group': 'root:x:0:\nredis:x:105:ann,redis\nann:x:1000:\n',
      'etc/shadow': 'root:$6$hash:1::::::\n',
    });
    const { tree } = await open(root, '/bin/p', ['/etc']);
    expect(String(await tree.readFile('etc/nsswitch.conf'))).toContain('hosts: files dns');
    // What a user includes is taken as it is, but for passwords.
    expect(String(await tree.readFile('etc/passwd'))).toContain('Ann');
    expect(tree.get('etc/shadow')).toBeUndefined();
    const plain = (await open(root, '/bin/p')).tree;
    expect(String(await plain.readFile('etc/passwd'))).toBe(
      'nobody:*:65534:65534::/nonexistent:/usr/sbin/nologin\n' +
        'root:*:0:0::/root:/bin/bash\nredis:*:104:105::/var/lib/redis:/usr/sbin/nologin\n',
    );
    expect(String(await plain.readFile('etc/group'))).toBe('root:*:0:\nredis:*:105:redis\n');
  });

  it('is the same tree twice', async () => {
    const root = sysroot(MERGED);
    const first = await open(root, '/bin/p');
    expect((await open(root, '/bin/p')).image.digest).toBe(first.image.digest);
  });

  it('takes a static program alone', async () => {
    const { tree } = await open(sysroot({ 'opt/go': buildElf({ type: 2 }) }), '/opt/go');
    const files = [...tree.entries()].filter((e) => e.type === 'file').map((e) => e.path);
    expect(tree.contentBytes).toBeGreaterThan(buildElf({ type: 2 }).length);
    expect(files).toEqual(['etc/group', 'etc/nsswitch.conf', 'etc/passwd', 'opt/go']);
  });

  it('takes a script with its interpreter, also by way of env', async () => {
    const files = {
      ...MERGED,
      'usr/bin/env': program({ needed: ['libc.so.6'] }),
      'srv/plain': '#!/bin/p -x\n',
      'srv/env': '#! /usr/bin/env -S A=1 p -u\n',
    };
    const plain = await open(sysroot(files), '/srv/plain');
    expect(plain.image.config.entrypoint).toEqual(['/srv/plain']);
    expect(plain.tree.resolve('bin/p')?.path).toBe('usr/bin/p-1.0');
    expect(plain.tree.resolve('lib/x86_64-linux-gnu/libz.so.1')).toBeDefined();
    const env = await open(sysroot(files), '/srv/env');
    for (const path of ['usr/bin/env', 'usr/bin/p-1.0']) expect(env.tree.get(path)).toBeDefined();
  });

  it('takes what libraries are known to open: certificates for TLS', async () => {
    const { tree } = await open(
      sysroot({
        ...MERGED,
        'usr/bin/p': program({ needed: ['libssl.so.3', 'libc.so.6'] }),
        'usr/lib/x86_64-linux-gnu/libssl.so.3': library('libssl.so.3', {
          needed: ['libcrypto.so.3'],
        }),
        'usr/lib/x86_64-linux-gnu/libcrypto.so.3': library('libcrypto.so.3'),
        'usr/lib/ssl/openssl.cnf': '-> /etc/ssl/openssl.cnf',
        'etc/ssl/openssl.cnf': '# configuration',
        'etc/ssl/certs/ca-certificates.crt': 'certificates',
        'etc/ssl/private/key.pem': 'secret',
      }),
      '/bin/p',
    );
    expect(String(await tree.readFile('usr/lib/ssl/cert.pem'))).toBe('certificates');
    expect(String(await tree.readFile('usr/lib/ssl/openssl.cnf'))).toBe('# configuration');
    expect(tree.get('etc/ssl/private')).toBeUndefined();
  });

  it('knows from its text that a static program checks certificates', async () => {
    const go = Buffer.concat([
      buildElf({ type: 2 }),
      Buffer.from('/etc/ssl/certs/ca-certificates.crt'),
    ]);
    const { tree } = await open(
      sysroot({ 'opt/go': go, 'etc/ssl/certs/ca-certificates.crt': 'certificates' }),
      '/opt/go',
    );
    expect(tree.get('etc/ssl/certs/ca-certificates.crt')).toBeDefined();
  });

  it('gives Python its modules, and what their libraries need', async () => {
    const { tree } = await open(
      sysroot({
        ...MERGED,
        'usr/bin/python3': '-> python3.11',
        'usr/bin/python3.11': program({ needed: ['libc.so.6'] }),
        'usr/lib/python3.11/os.py': 'pass',
        'usr/lib/python3.11/site.py': '-> /etc/python3.11/site.py',
        'etc/python3.11/site.py': 'pass',
        'usr/lib/python3.11/lib-dynload/_z.so': library('_z', { needed: ['libz.so.1'] }),
      }),
      '/usr/bin/python3',
    );
    expect(tree.get('usr/lib/python3.11/os.py')).toBeDefined();
    expect(tree.resolve('usr/lib/python3.11/site.py')?.path).toBe('etc/python3.11/site.py');
    expect(tree.resolve('lib/x86_64-linux-gnu/libz.so.1')).toBeDefined();
  });
});

describe('include', () => {
  it('reads PATH and PATH:DESTINATION', () => {
    expect(parseInclude('/a/b')).toEqual({ source: '/a/b', destination: '/a/b' });
    expect(parseInclude('/a/b:/c/./d')).toEqual({ source: '/a/b', destination: '/c/d' });
    expect(parseInclude('/a/b:/c/')).toEqual({ source: '/a/b', destination: '/c/b' });
    expect(parseInclude('/a/b:c')).toEqual({ source: '/a/b:c', destination: '/a/b:c' });
    expect(() => parseInclude('')).toThrow(LupineError);
  });

  const DATA = {
    ...MERGED,
    'srv/data/a': 'A',
    'srv/data/sub/b': 'B',
    'srv/data/link': '-> /srv/other',
    'srv/other': 'other',
  };

  it('takes a directory with all that is in it, links as links', async () => {
    const { tree, notes } = await open(sysroot(DATA), '/bin/p', ['/srv/data']);
    expect(String(await tree.readFile('srv/data/sub/b'))).toBe('B');
    expect(tree.get('srv/data/link')?.target).toBe('/srv/other');
    expect(tree.get('srv/other')).toBeUndefined();
    expect(notes).toEqual([expect.stringContaining('not included: /srv/data/link')]);
    const both = await open(sysroot(DATA), '/bin/p', ['/srv/data', '/srv/other']);
    expect(both.notes).toEqual([]);
  });

  it('puts a directory or file where it is told, through the links of the host', async () => {
    const { tree } = await open(sysroot(DATA), '/bin/p', [
      '/srv/data:/lib/data',
      '/srv/other:/x/y/',
    ]);
    expect(String(await tree.readFile('usr/lib/data/a'))).toBe('A');
    expect(String(await tree.readFile('x/y/other'))).toBe('other');
    expect(tree.get('srv/data')).toBeUndefined();
  });

  it('lets what is included win over what is made', async () => {
    const { tree } = await open(sysroot(DATA), '/bin/p', ['/srv/other:/etc/passwd']);
    expect(String(await tree.readFile('etc/passwd'))).toBe('other');
  });

  it('adds the libraries of included ELF files', async () => {
    const root = sysroot({
      ...DATA,
      'srv/data/plugin.so': library('plugin.so', { needed: ['libq.so', 'libgone.so'] }),
      'usr/lib64/libq.so': library('libq.so'),
    });
    const { tree, notes } = await open(root, '/bin/p', ['/srv/data']);
    expect(tree.resolve('lib64/libq.so')).toBeDefined();
    expect(notes.join()).toContain('libgone.so (/srv/data/plugin.so)');
    await expect(open(root, '/bin/p', ['/srv/data/plugin.so'])).rejects.toThrow('libgone.so');
  });

  it('takes a whole circle of links without end', async () => {
    const root = sysroot({ ...DATA, 'srv/data/loop': '-> .', 'srv/data/self': '-> self' });
    const { tree } = await open(root, '/bin/p', ['/srv/data']);
    expect(tree.get('srv/data/self')?.target).toBe('self');
  });

  it('refuses what is not there, and a file where a directory is', async () => {
    const root = sysroot(DATA);
    await expect(open(root, '/bin/p', ['/srv/none'])).rejects.toThrow('not there');
    await expect(open(root, '/bin/p', ['/srv/other:/etc'])).rejects.toThrow('same name');
    await expect(open(root, '/bin/p', ['/srv/other:/bin/p/x'])).rejects.toThrow('same name');
  });
});

describe('what is no program', () => {
  it('says what it is and what to do', async () => {
    expect(await refused({})).toBe('no such program: /bin/p — give the path of a program');
    expect(await refused({ 'bin/p': '/' })).toContain('dir:/bin/p');
    expect(await refused({ 'bin/p': 'text\n' })).toContain('neither an ELF program nor a script');
    expect(await refused({ 'bin/p': program({ machine: 183 }) })).toContain(
      'a 64-bit ARM64 program',
    );
    expect(await refused({ 'bin/p': buildElf({ bits: 32, machine: 3, type: 2 }) })).toContain(
      '32-bit',
    );
    expect(await refused({ 'bin/p': library('libp.so') })).toContain('a library, not a program');
    expect(await refused({ 'bin/p': program().subarray(0, 90) })).toContain('damaged');
    expect(await refused({ 'bin/p': program() })).toContain('/lib64/ld-linux-x86-64.so.2');
  });

  it('names a missing library, who needs it and where was looked', async () => {
    const line = await refused({ ...GLIBC, 'bin/p': program({ needed: ['libgone.so.3'] }) });
    expect(line).toMatch(/libgone\.so\.3 .*needed by \/bin\/p, looked in .*\/usr\/lib\b/);
  });

  it('refuses broken scripts', async () => {
    expect(await refused({ 'bin/p': '#!/bin/gone\n' })).toContain('interpreter /bin/gone');
    expect(await refused({ 'bin/p': '#!gone\n' })).toContain('absolute path');
    expect(await refused({ 'bin/p': '#!/bin/p\n' })).toContain('too many interpreters');
    const env = { ...GLIBC, 'usr/bin/env': program(), 'bin/p': '#!/usr/bin/env gone\n' };
    expect(await refused(env)).toContain('the program gone');
  });

  it('refuses a file that is not executable, setuid, or of the kernel', async () => {
    const root = sysroot({ 'bin/p': program(), 'bin/q': program(), 'proc/p': program() });
    chmodSync(join(root.directory, 'bin/p'), 0o644);
    await expect(open(root, '/bin/p')).rejects.toThrow('not executable');
    chmodSync(join(root.directory, 'bin/q'), 0o4755);
    await expect(open(root, '/bin/q')).rejects.toThrow('setuid');
    await expect(open(root, '/proc/p')).rejects.toThrow('/proc, /sys or /dev');
  });

  it('stops when told to', async () => {
    const root = sysroot(MERGED);
    const context = { ...quiet(), signal: AbortSignal.abort(new Error('stop')) };
    await expect(openExecutable('/bin/p', {}, context, root.host)).rejects.toThrow('stop');
  });

  it('leaves out what cannot be copied, and says so', async () => {
    const root = sysroot(MERGED);
    mkdirSync(join(root.directory, 'data'));
    symlinkSync('/dev/null', join(root.directory, 'data/null'));
    writeFileSync(join(root.directory, 'data/shadow'), 'not that one');
    mkdirSync(join(root.directory, 'etc'));
    writeFileSync(join(root.directory, 'etc/shadow'), 'secret');
    const { tree, notes } = await open(root, '/bin/p', ['/data', '/etc']);
    expect(tree.get('data/null')?.target).toBe('/dev/null');
    expect(tree.get('data/shadow')).toBeDefined();
    expect(tree.get('etc/shadow')).toBeUndefined();
    expect(notes.join()).toContain('passwords): /etc/shadow');
  });
});
