import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildKernel,
  composeOptions,
  configureKernel,
  findKernel,
  findMissingSyscalls,
  listKernels,
  missingFeatureOption,
  prepareSource,
} from '../../../src/kernel/index.js';
import type { Kernel, KernelSpec, OptionRequest } from '../../../src/kernel/index.js';
import { cacheDirectory, packageDirectory } from '../../../src/support/paths.js';
import { silentProgress } from '../../../src/support/progress.js';
import { temporaryDirectory } from '../../../src/support/store.js';

const context = { progress: silentProgress };

/** Enough to be entered by a monitor and to speak, and nothing that takes long to compile. */
const options: OptionRequest[] = [
  ...['64BIT', 'HYPERVISOR_GUEST', 'PVH', 'PRINTK', 'TTY', 'SERIAL_8250', 'SERIAL_8250_CONSOLE'],
  ...['BLK_DEV_INITRD', 'BINFMT_ELF', 'EPOLL', 'FUTEX'],
].map((name) => ({ name, value: 'y', from: 'the test' }));

const spec: KernelSpec = {
  source: { kind: 'line', line: '6.12' },
  options: [{ name: 'EXPERT', value: 'y', from: 'the test' }, ...options],
  patches: ['lupine'],
  label: 'test',
};

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lupine-kernel-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe.each(['6.12', '6.1'])('lupine-base on Linux %s', (line) => {
  it('composes, and every option takes', async () => {
    const composed = await composeOptions({
      line,
      profile: 'lupine-base',
      features: ['net', 'ext2'],
    });
    const { source, text } = await configureKernel(
      { source: { kind: 'line', line }, options: composed.options, patches: composed.patches },
      context,
    );
    expect(source.line).toBe(line);
    for (const name of ['PVH', 'VIRTIO_NET', 'EXT2_FS'])
      expect(text).toContain(`\nCONFIG_${name}=y\n`);
  });

  it('tells which option gives what a program misses', async () => {
    const source = await prepareSource({ kind: 'line', line }, ['lupine'], context);
    const syscall = (nr: number) => missingFeatureOption(source, { kind: 'syscall', nr }, context);
    expect(await syscall(0)).toEqual([]);
    expect(await syscall(291)).toEqual(['EPOLL']);
    expect(await syscall(290)).toEqual(['EVENTFD']);
    expect(await syscall(283)).toEqual(['TIMERFD']);
    expect(await syscall(289)).toEqual(['SIGNALFD']);
    expect(await syscall(202)).toEqual(['FUTEX']);
    expect(await syscall(254)).toEqual(['INOTIFY_USER']);
    expect(await syscall(425)).toEqual(['IO_URING']);
    expect(await syscall(206)).toEqual(['AIO']);
    expect(await syscall(240)).toEqual(['POSIX_MQUEUE']);
    expect(await syscall(64)).toEqual(['SYSVIPC']);
    expect(await syscall(73)).toEqual(['FILE_LOCKING']);
    expect(await syscall(41)).toEqual(['NET']);
    expect(await syscall(321)).toEqual(['BPF_SYSCALL']);
    expect(await syscall(179)).toEqual(['QUOTA']);
    expect(['TMPFS', 'MEMFD_CREATE']).toContain((await syscall(319))[0]);
    const family = (nr: number) =>
      missingFeatureOption(source, { kind: 'socket', family: nr }, context);
    expect(await family(1)).toEqual(['NET', 'UNIX']);
    expect(await family(10)).toEqual(['NET', 'IPV6']);
    expect(await family(17)).toEqual(['NET', 'PACKET']);
    const filesystem = (name: string) =>
      missingFeatureOption(source, { kind: 'filesystem', name }, context);
    expect(await filesystem('overlay')).toEqual(['OVERLAY_FS']);
    expect(await filesystem('tmpfs')).toEqual(['SHMEM', 'TMPFS']);
    expect(await filesystem('ext2')).toEqual(['EXT2_FS']);
    expect(await filesystem('constructor')).toEqual([]);
  });
});

describe('an option that does not take', () => {
  const configure = (more: OptionRequest) =>
    configureKernel({ ...spec, options: [...options, more] }, context);

  it('is an error with its unmet dependency', async () => {
    const wanted = { name: 'VIRTIO_NET', value: 'y', from: 'apps/x.yaml' };
    await expect(configure(wanted)).rejects.toMatchObject({
      message: 'CONFIG_VIRTIO_NET did not take: wanted y, got n',
      where: 'asked by apps/x.yaml',
      fix: expect.stringMatching(/^it depends on .*drivers\/net\/Kconfig:\d+, off: /) as string,
    });
  });

  it('is an error with near names when it is unknown', async () => {
    const wanted = { name: 'EPOL', value: 'y', from: 'the user' };
    await expect(configure(wanted)).rejects.toMatchObject({
      fix: expect.stringContaining('EPOLL') as string,
    });
  });

  it('is an error when it is off and something selects it', async () => {
    const unwanted = { name: 'SERIAL_CORE', value: 'n', from: 'the user' };
    await expect(configure(unwanted)).rejects.toMatchObject({
      message: 'CONFIG_SERIAL_CORE did not take: wanted n, got y',
      fix: expect.stringMatching(/^it is selected by SERIAL_8250 \(/) as string,
    });
  });
});

describe('building', () => {
  let kernel: Kernel;

  it('once for two who ask at once', async () => {
    let compilations = 0;
    const counting = {
      progress: {
        ...silentProgress,
        task: (title: string) => {
          if (title.startsWith('compiling')) compilations += 1;
          return silentProgress.task(title);
        },
      },
    };
    const before = await findKernel(spec, context);
    const [one, two] = await Promise.all([
      buildKernel(spec, counting),
      buildKernel(spec, counting),
    ]);
    kernel = one;
    expect(two).toEqual(one);
    expect(compilations).toBe(before === undefined ? 1 : 0);
    expect(kernel.report).toMatchObject({ pvh: true });
    expect(kernel.report.sections.text).toBeGreaterThan(500_000);
    expect(kernel.report.elfBytes).toBe((await readFile(kernel.vmlinux)).length);
  });

  it('is found afterwards, and listed', async () => {
    expect(await findKernel(spec, context)).toEqual(kernel);
    expect((await listKernels()).map(({ key }) => key)).toContain(kernel.key);
  });

  it('lets a manifest be checked against what was built', async () => {
    const missing = await findMissingSyscalls(kernel, [
      'read',
      'epoll_create1',
      'io_setup',
      'mq_open',
    ]);
    expect(missing).toEqual([
      { name: 'io_setup', options: ['AIO'] },
      { name: 'mq_open', options: ['POSIX_MQUEUE'] },
    ]);
    await expect(findMissingSyscalls(kernel, ['frobnicate'])).rejects.toThrow(
      'no such system call',
    );
  });

  it('says where the source is wrong, keeps the log, and leaves nothing', async () => {
    const series = join(scratch, 'broken');
    await mkdir(series, { recursive: true });
    const tree = await prepareSource(spec.source, [], context);
    const original = await readFile(join(tree.path, 'init/main.c'), 'utf8');
    await writeFile(join(scratch, 'a.c'), original);
    await writeFile(join(scratch, 'b.c'), `${original}\nint lupine_broken = ;\n`);
    const diff = [
      '-u',
      '--label',
      'a/init/main.c',
      '--label',
      'b/init/main.c',
      join(scratch, 'a.c'),
      join(scratch, 'b.c'),
    ];
    await writeFile(join(series, '0001-break.patch'), diffOf(diff));
    process.env['LUPINE_STATE'] = join(scratch, 'state');
    const failed = buildKernel({ ...spec, patches: [series] }, context);
    await expect(failed).rejects.toMatchObject({
      message: 'the kernel does not compile',
      where: expect.stringMatching(/^init\/main\.c:\d+:\d+: error: /) as string,
    });
    const logs = await readdir(join(scratch, 'state', 'logs'));
    expect(await readFile(join(scratch, 'state', 'logs', logs[0] ?? ''), 'utf8')).toContain(
      'lupine_broken',
    );
  });
});

describe('a builder that is killed', () => {
  it('leaves no process, and its files go with the next build', async () => {
    const hostname = { name: 'DEFAULT_HOSTNAME', value: `h${process.pid}`, from: 'the test' };
    const killed = { ...spec, options: [...spec.options, hostname] };
    const child = spawn(process.execPath, ['--input-type=module', '-e', builder], {
      env: { ...process.env, SPEC: JSON.stringify(killed) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((compiling) => child.stdout.once('data', compiling));
    child.kill('SIGKILL');
    const work = join(cacheDirectory(), 'kernel', 'work');
    const own = (await readdir(work)).find((name) => name.startsWith(`.tmp-${child.pid ?? 0}-`));
    expect(own).toBeDefined();
    while ((await processesIn(join(work, own ?? ''))).length > 0) await sleep(100);
    expect(await findKernel(killed, context)).toBeUndefined();
    // What every build begins with.
    await rm(await temporaryDirectory(work), { recursive: true });
    expect(await readdir(work)).not.toContain(own);
  });
});

/** Builds a kernel with the compiled program, and speaks once the compiler is at work. */
const builder = `
  const { buildKernel } = await import(${JSON.stringify(join(packageDirectory, 'dist/kernel/index.js'))});
  const task = { update: ({ done }) => done === 5 && console.log(done), succeed() {}, fail() {} };
  await buildKernel(JSON.parse(process.env.SPEC), { progress: { task: () => task, note() {} } });
`;

/** The processes that work in a directory or below. */
async function processesIn(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.filter((_, index) => (places[index] ?? '').startsWith(directory));
}

/** diff(1) exits with 1 when the files differ. */
function diffOf(args: readonly string[]): string {
  try {
    return execFileSync('diff', args, { encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
