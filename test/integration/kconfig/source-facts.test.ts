/** What is said of options of every kind, against the kernel's own tree. */

import { describe, expect, it } from 'vitest';
import type { OptionFacts } from '../../../src/kconfig/source/index.js';
import { prepareSource } from '../../../src/kernel/index.js';
import { optionFacts, provisions } from '../../../src/kernel/source-facts.js';
import { required } from '../../../src/kconfig/source/index.js';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentProgress } from '../../../src/support/progress.js';

const context = { progress: silentProgress };

describe.each(['6.12', '6.1'])('the tree of Linux %s', (line) => {
  const source = () => prepareSource({ kind: 'line', line }, ['lupine'], context);
  const facts = async (name: string): Promise<OptionFacts> => {
    const found = await optionFacts(await source(), name, context);
    if (found === undefined) throw new Error(`nothing is said of ${name}`);
    return found;
  };
  const calls = ({ gives }: OptionFacts) =>
    gives.filter(({ kind }) => kind === 'syscall').map(({ name }) => name);
  const files = (found: OptionFacts) => found.files.map(({ path }) => path);

  it.each<[string, string[], string[]]>([
    ['EPOLL', ['fs/eventpoll.c'], ['epoll_create1', 'epoll_ctl', 'epoll_pwait2', 'epoll_wait']],
    ['AIO', ['fs/aio.c'], ['io_setup', 'io_submit', 'io_getevents']],
    ['INOTIFY_USER', ['fs/notify/inotify/inotify_user.c'], ['inotify_init', 'inotify_add_watch']],
    ['EVENTFD', ['fs/eventfd.c'], ['eventfd', 'eventfd2']],
    ['SYSVIPC', ['ipc/msg.c', 'ipc/sem.c', 'ipc/shm.c'], ['msgget', 'semop', 'shmat']],
    ['POSIX_MQUEUE', ['ipc/mqueue.c'], ['mq_open', 'mq_timedsend']],
    ['BPF_SYSCALL', ['kernel/bpf/syscall.c', 'kernel/bpf/verifier.c'], ['bpf']],
    ['SMP', ['kernel/smp.c', 'arch/x86/kernel/smpboot.c'], []],
    ['VIRTIO_NET', ['drivers/net/virtio_net.c'], []],
    ['EXT2_FS', ['fs/ext2/super.c', 'fs/ext2/xattr.c'], []],
    ['UNIX', ['net/unix/af_unix.c'], []],
    ['KVM_INTEL', ['arch/x86/kvm/vmx/vmx.c'], []],
    ['PCI_MMCONFIG', ['arch/x86/pci/mmconfig_64.c'], []],
    ['FILE_LOCKING', ['fs/locks.c'], ['flock']],
    ['IO_URING', [], ['io_uring_setup', 'io_uring_enter', 'io_uring_register']],
    ['FUTEX', [], ['futex', 'futex_waitv', 'set_robust_list']],
    ['NET', [], ['socket', 'bind', 'connect', 'accept4', 'sendmsg']],
    ['MEMBARRIER', [], ['membarrier']],
    ['RSEQ', ['kernel/rseq.c'], ['rseq']],
    ['MODULES', [], ['init_module', 'delete_module']],
  ])('%s compiles its files and gives its calls', async (name, expected, given) => {
    const found = await facts(name);
    expect(files(found)).toEqual(expect.arrayContaining(expected));
    expect(calls(found)).toEqual(expect.arrayContaining(given));
    if (given.length === 0) expect(calls(found)).toEqual([]);
  });

  it('says what else a file needs, and where it is named', async () => {
    const xattr = (await facts('EXT2_FS')).files.find(({ path }) => path === 'fs/ext2/xattr.c');
    expect(xattr).toMatchObject({
      with: ['EXT2_FS_XATTR'],
      position: { file: 'fs/ext2/Makefile' },
    });
    expect((await facts('VIRTIO_NET')).files[0]?.position.file).toBe('drivers/net/Makefile');
  });

  it('opens directories, and gives families and file systems', async () => {
    expect((await facts('NET')).directories[0]).toMatchObject({ path: 'net/' });
    expect((await facts('NET')).directories[0]?.files).toBeGreaterThan(1_000);
    expect((await facts('UNIX')).gives).toContainEqual({
      kind: 'socket',
      name: 'UNIX',
      with: ['NET'],
      or: [],
    });
    expect((await facts('EXT2_FS')).gives).toContainEqual({
      kind: 'filesystem',
      name: 'ext2',
      with: [],
      or: [['EXT4_FS', 'EXT4_USE_FOR_EXT2']],
    });
  });

  it('finds a condition for nearly every call that the kernel says may be missing', async () => {
    const tree = await source();
    const text = await readFile(join(tree.path, 'kernel/sys_ni.c'), 'utf8');
    const optional = new Set(
      [...text.matchAll(/^COND_SYSCALL\((\w+)\)/gm)].map(([, name = '']) => name),
    );
    const found = (await provisions(tree, context)).filter(
      ({ kind, name }) => kind === 'syscall' && optional.has(name),
    );
    const unconditional = found
      .filter(({ condition }) => required(condition).length === 0)
      .map(({ name }) => name);
    expect(found.length).toBeGreaterThan(180);
    // These are compiled always (for a kernel without an MMU elsewhere, or not any more).
    const always = ['copy_file_range', 'execveat', 'mremap', 'process_mrelease', 'clone3'];
    expect(unconditional.filter((name) => !always.includes(name))).toEqual([]);
  });
});
