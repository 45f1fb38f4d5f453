import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deriveFacts } from '../../../../src/kconfig/source/facts.js';
import type { OptionFacts } from '../../../../src/kconfig/source/facts.js';

/** A kernel of a few lines. */
const files: Readonly<Record<string, string>> = {
  Makefile: 'ifeq ($(KBUILD_EXTMOD),)\nlibs-y := lib/\nendif\n',
  Kbuild:
    'obj-y += fs/ kernel/ arch/$(SRCARCH)/\nobj-$(CONFIG_NET) += net/\nobj-y += $(ARCH_LIB)\n',
  'lib/Makefile': 'lib-$(CONFIG_CRC) += crc.o\n',
  'lib/crc.c': '',
  'arch/x86/Makefile': 'drivers-$(CONFIG_PCI) += arch/x86/pci/\n',
  'arch/x86/Kbuild': 'obj-y += kernel/\n',
  'arch/x86/kernel/Makefile': 'obj-y += head_$(BITS).o\n',
  'arch/x86/kernel/head_64.S': '',
  'arch/x86/pci/Makefile': 'obj-y += common.o\n',
  'arch/x86/pci/common.c': '',
  'arch/x86/entry/syscalls/syscall_64.tbl':
    '5\tcommon\tfstat\tsys_newfstat\n41\tcommon\tsocket\tsys_socket\n213\t64\tepoll_create\tsys_epoll_create\n513\tx32\tsocket\tsys_socket\n',
  'fs/Makefile': [
    'obj-y := stat.o # always',
    'obj-$(CONFIG_EPOLL) += eventpoll.o',
    'obj-$(CONFIG_EXT2_FS) += ext2/',
    'obj-$(CONFIG_EXT4_FS) += ext4.o',
  ].join('\n'),
  'fs/stat.c': 'SYSCALL_DEFINE2(newfstat, int, fd)\n{\n}\n',
  'fs/eventpoll.c': '\nSYSCALL_DEFINE1(epoll_create, int, size)\n{\n}\n',
  'fs/ext4.c':
    '#if !defined(CONFIG_EXT2_FS) && defined(CONFIG_EXT4_USE_FOR_EXT2)\nstatic struct file_system_type ext2_fs_type = {\n\t.name = "ext2",\n};\n#endif\n',
  'fs/ext2/Makefile':
    'obj-$(CONFIG_EXT2_FS) += ext2.o\next2-y := super.o\next2-$(CONFIG_EXT2_FS_XATTR) += xattr.o\n',
  'fs/ext2/super.c': 'static struct file_system_type ext2_fs_type = {\n\t.name\t= "ext2",\n};\n',
  'fs/ext2/xattr.c': '',
  'kernel/Makefile':
    'obj-y += sched.o\nifeq ($(CONFIG_TIMERS),y)\nobj-y += timers.o\nelse\nobj-y += stubs.o\nendif\n',
  'kernel/sched.c': '#ifdef CONFIG_BARRIER\n# include "barrier.c"\n#endif\n',
  'kernel/barrier.c': 'SYSCALL_DEFINE2(membarrier, int, cmd, int, flags)\n{\n}\n',
  'kernel/timers.c': 'SYSCALL_DEFINE0(pause)\n{\n\treturn 0;\n}\nSYSCALL_DEFINE0(alarm)\n{\n}\n',
  'kernel/stubs.c':
    'SYSCALL_DEFINE0(pause)\n{\n\treturn 0;\n}\nSYSCALL_DEFINE0(alarm)\n{\n\treturn -ENOSYS;\n}\n',
  'net/Makefile': 'obj-y += socket.o\nobj-$(CONFIG_UNIX) += unix/\n',
  'net/socket.c': 'SYSCALL_DEFINE3(socket, int, family)\n{\n}\n',
  'net/unix/Makefile': 'obj-$(CONFIG_UNIX) += af_unix.o\n',
  'net/unix/af_unix.c':
    'static const struct net_proto_family unix_family_ops = {\n\t.family = PF_UNIX,\n};\n',
};

let tree: string;

beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), 'lupine-facts-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
});

afterEach(() => rm(tree, { recursive: true }));

function factsOf(name: string): OptionFacts | undefined {
  return deriveFacts(tree, 'x86').options[name];
}

describe('deriveFacts', () => {
  it('finds the file of an option and the call in it', () => {
    expect(factsOf('EPOLL')).toEqual({
      files: [{ path: 'fs/eventpoll.c', position: { file: 'fs/Makefile', line: 2 }, with: [] }],
      directories: [],
      gives: [{ kind: 'syscall', name: 'epoll_create', with: [], or: [] }],
    });
  });

  it('follows directories and composite objects', () => {
    expect(factsOf('EXT2_FS')).toMatchObject({
      files: [
        { path: 'fs/ext2/super.c', position: { file: 'fs/ext2/Makefile', line: 1 }, with: [] },
        { path: 'fs/ext2/xattr.c', with: ['EXT2_FS_XATTR'] },
      ],
      directories: [{ path: 'fs/ext2/', position: { file: 'fs/Makefile', line: 3 }, files: 2 }],
    });
    expect(factsOf('EXT2_FS_XATTR')?.files).toEqual([
      {
        path: 'fs/ext2/xattr.c',
        position: { file: 'fs/ext2/Makefile', line: 3 },
        with: ['EXT2_FS'],
      },
    ]);
  });

  it('says what else gives the same', () => {
    expect(factsOf('EXT2_FS')?.gives).toEqual([
      { kind: 'filesystem', name: 'ext2', with: [], or: [['EXT4_FS', 'EXT4_USE_FOR_EXT2']] },
    ]);
    expect(factsOf('EXT4_USE_FOR_EXT2')?.gives).toEqual([
      { kind: 'filesystem', name: 'ext2', with: ['EXT4_FS'], or: [['EXT2_FS']] },
    ]);
  });

  it('gives the calls of a directory to the option that opens it, by the names of user space', () => {
    expect(factsOf('NET')).toMatchObject({
      directories: [{ path: 'net/', files: 2 }],
      gives: [
        { kind: 'socket', name: 'UNIX', with: ['UNIX'] },
        { kind: 'syscall', name: 'socket', with: [] },
      ],
    });
    expect(factsOf('UNIX')?.gives).toEqual([
      { kind: 'socket', name: 'UNIX', with: ['NET'], or: [] },
    ]);
  });

  it('looks into C files that others include', () => {
    const { provisions } = deriveFacts(tree, 'x86');
    expect(provisions.find(({ name }) => name === 'membarrier')).toMatchObject({
      condition: { kind: 'option', name: 'BARRIER' },
      positions: [{ file: 'kernel/barrier.c', line: 1 }],
    });
  });

  it('takes a stub that answers ENOSYS for no call, and a real one for one', () => {
    const { provisions } = deriveFacts(tree, 'x86');
    const conditionOf = (wanted: string) =>
      provisions.find(({ name }) => name === wanted)?.condition;
    expect(conditionOf('alarm')).toEqual({ kind: 'option', name: 'TIMERS' });
    expect(conditionOf('pause')).toMatchObject({ kind: 'any' });
  });

  it('knows the lists of the top Makefile and of the architecture, and word sizes', () => {
    expect(factsOf('CRC')?.files).toMatchObject([{ path: 'lib/crc.c' }]);
    expect(factsOf('PCI')?.directories).toMatchObject([{ path: 'arch/x86/pci/', files: 1 }]);
    expect(factsOf('64BIT')?.files).toMatchObject([{ path: 'arch/x86/kernel/head_64.S' }]);
  });
});
