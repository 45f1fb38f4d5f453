import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OptionFacts } from '../../../src/kconfig/source/index.js';
import { findOptions } from '../../../src/kernel/object-options.js';
import {
  bytesOf,
  measureObjects,
  readObjects,
  writeObjects,
} from '../../../src/kernel/object-sizes.js';

/** What a build leaves behind, as small as it can be. */
const sources: Readonly<Record<string, string>> = {
  'fs/eventpoll': `
    int epoll_table[100];
    int epoll_limit = 7;
    const char epoll_name[64] = "epoll";
    __attribute__((section(".init.text"))) int epoll_init(void) { return 1; }
    __attribute__((section(".init.data"))) int epoll_parameter = 3;
    __attribute__((section(".data..ro_after_init"))) int epoll_seal = 3;
    __attribute__((section(".modinfo"))) const char epoll_licence[500] = "GPL";
    int epoll_wait(void) { return epoll_limit; }
    __attribute__((section(".data.unused"))) int unused[64] = { 1 };
    __attribute__((section(".rodata.unused_string"))) const char unused_string[32] = "";`,
  'fs/stale': 'int stale[1000] = { 1 };',
  'lib/needed': 'int needed(void) { return 2; }\n__attribute__((weak)) int helper;',
  'lib/unneeded': 'int unneeded(void) { return 3; }\n__attribute__((weak)) int helper;',
  '.tmp_vmlinux1.kallsyms': 'const char early[1] = "";',
  '.tmp_vmlinux2.kallsyms': 'const char table[300] = "x";',
};

let output: string;

beforeAll(() => {
  output = mkdtempSync(join(tmpdir(), 'objects-'));
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: output });
  for (const [name, text] of Object.entries(sources)) {
    mkdirSync(dirname(join(output, name)), { recursive: true });
    writeFileSync(join(output, `${name}.c`), text);
    run('gcc', '-c', '-O2', '-fno-asynchronous-unwind-tables', '-o', `${name}.o`, `${name}.c`);
  }
  run('ar', 'cDPrST', 'vmlinux.a', 'fs/eventpoll.o');
  run('ar', 'cDPrsT', 'lib/lib.a', 'lib/needed.o', 'lib/unneeded.o');
  writeFileSync(
    join(output, '.vmlinux.o.cmd'),
    `savedcmd_vmlinux.o := ld -m elf_x86_64 -r -o vmlinux.o   --whole-archive vmlinux.a --no-whole-archive --start-group lib/lib.a --end-group  ; objtool vmlinux.o\n\nsource_vmlinux.o := stale.a\n`,
  );
});

afterAll(() => rmSync(output, { recursive: true }));

/** As GNU ld writes it: a long name has a line of its own. */
const linkMap = `Archive member included to satisfy reference by file (symbol)

Discarded input sections

 .data.unused   0x0000000000000000      0x100 fs/eventpoll.o
 .rodata.unused_string
                0x0000000000000000       0x20 fs/eventpoll.o
 .data.unused   0x0000000000000000      0x100 fs/stale.o

Memory Configuration

 .data          0x0000000000000000        0x4 fs/eventpoll.o
`;

const symbols = `ffffffff81000000 T epoll_wait
ffffffff81000010 T needed
ffffffff81000020 t unneeded
ffffffff81000030 B helper
`;

describe('the objects of a kernel', () => {
  test('are those that were linked, by what their sections will be', async () => {
    const options: Readonly<Record<string, string>> = { 'fs/eventpoll': 'EPOLL' };
    writeFileSync(join(output, 'vmlinux.map'), linkMap);
    const objects = await measureObjects(output, symbols, (path) => options[path]);
    expect(objects.map(({ path, option }) => [path, option])).toEqual([
      ['fs/eventpoll', 'EPOLL'],
      ['lib/needed', undefined],
      ['kallsyms', 'KALLSYMS'],
    ]);
    const [epoll, needed, kallsyms] = objects.map(({ sizes }) => sizes);
    expect(epoll).toEqual({
      text: expect.any(Number) as number,
      rodata: 64 + 4,
      data: 4,
      bss: 400,
      init: expect.any(Number) as number,
    });
    for (const size of [epoll?.text, needed?.text]) expect(size).toBeGreaterThan(0);
    // A function and a number.
    expect(epoll?.init).toBeGreaterThan(4);
    expect(kallsyms).toEqual({ text: 0, rodata: 300, data: 0, bss: 0, init: 0 });
  });

  test('are whole where no map tells what the link discarded', async () => {
    rmSync(join(output, 'vmlinux.map'), { force: true });
    const [epoll] = await measureObjects(output, symbols, () => undefined);
    expect(epoll?.sizes).toMatchObject({ rodata: 64 + 4 + 32, data: 4 + 256 });
  });

  test('are not known of a build that names no archives', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'objects-'));
    try {
      expect(await measureObjects(empty, symbols, () => undefined)).toEqual([]);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });

  test('come back from their file as they were', async () => {
    const sizes = { text: 1, rodata: 2, data: 3, bss: 4, init: 5 };
    const objects = [
      { path: 'fs/eventpoll', option: 'EPOLL', sizes },
      { path: 'mm/slub', sizes: { ...sizes, text: 0 } },
    ];
    const path = join(output, 'objects.json');
    await writeObjects(path, objects);
    expect(await readObjects(path)).toEqual(objects);
    expect(objects.map(bytesOf)).toEqual([15, 14]);
    for (const wrong of ['{"a":["B",1,2,3,4]}', '{"a":[null,1,2,3,4,-5]}', '{"a":[5,1,2,3,4,5]}']) {
      writeFileSync(path, wrong);
      await expect(readObjects(path)).rejects.toThrow();
    }
  });
});

describe('the option of an object', () => {
  const position = { file: 'Makefile', line: 1 };
  const file = (path: string, ...others: string[]) => ({ path, position, with: others });
  const directory = (path: string, files: number) => ({ ...file(path), files });
  const facts = new Map<string, OptionFacts>([
    ['MMU', { files: [file('mm/memory.c')], directories: [], gives: [] }],
    ['NET', { files: [], directories: [directory('net/', 90)], gives: [] }],
    ['INET', { files: [], directories: [directory('net/ipv4/', 30)], gives: [] }],
    ['IP_MROUTE', { files: [file('net/ipv4/ipmr.c', 'INET')], directories: [], gives: [] }],
    [
      'EXT2_FS',
      {
        files: [file('fs/ext2/inode.c'), file('fs/ext2/xattr.c', 'EXT2_FS_XATTR')],
        directories: [directory('fs/ext2/', 2)],
        gives: [],
      },
    ],
    ['EXT2_FS_XATTR', { files: [file('fs/ext2/xattr.c', 'EXT2_FS')], directories: [], gives: [] }],
  ]);
  const optionOf = findOptions(
    facts,
    'CONFIG_MMU=y\nCONFIG_NET=y\nCONFIG_INET=y\n# CONFIG_IP_MROUTE is not set\nCONFIG_EXT2_FS=y\nCONFIG_EXT2_FS_XATTR=y\n',
  );

  test.each<[string, string | undefined, string]>([
    ['fs/ext2/xattr', 'EXT2_FS_XATTR', 'its own rather than that of the whole'],
    ['fs/ext2/inode', 'EXT2_FS', 'its own'],
    ['net/ipv4/tcp', 'INET', 'of its directory'],
    ['net/ipv4/ipmr', 'INET', 'of its directory where its own is off'],
    ['net/core/generated/sock', 'NET', 'of a directory further up'],
    ['mm/memory', undefined, 'none: it is in every kernel'],
    ['init/main', undefined, 'none: nobody asks'],
  ])('%s: %s, %s', (path, option) => {
    expect(optionOf(path)).toBe(option);
  });
});
