/**
 * Boots real microVMs for the tests of init: busybox roots in every format, QEMU without any
 * monitor code of ours.
 */

import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { GuestConsole, type GuestEnd } from '../../../src/instance/console.js';
import { bootArchive } from '../../../src/instance/initrd.js';
import { encodeSettings, type GuestSettings } from '../../../src/instance/settings.js';
import type { GuestMessage, KernelLine } from '../../../src/instance/frames.js';

const repository = new URL('../../..', import.meta.url).pathname;

/** Compiles init as `make -C guest` does; its bytes. */
export function buildInit(): Buffer {
  execFileSync('make', ['-s', '-C', join(repository, 'guest')], { stdio: 'inherit' });
  return readFileSync(join(repository, 'guest/build/init'));
}

export interface Roots {
  readonly directory: string;
  readonly ext2: string;
  readonly squashfs: string;
  readonly erofs: string;
  readonly initramfs: Buffer;
}

const applets = [
  'sh cat echo id env pwd md5sum ls kill sleep true false stty hostname mount umount touch dd rm',
  'printf ps head tail trap grep ip wc readlink stat seq tr mkdir date ulimit cut sync',
]
  .join(' ')
  .split(' ');

/** A busybox root with a few files that provoke init, as a disk image in each format. */
export async function buildRoots(): Promise<Roots> {
  const directory = await mkdtemp(join(tmpdir(), 'lupine-guest-'));
  const root = join(directory, 'root');
  const app = join(directory, 'cpio', 'app');
  for (const name of ['bin', 'etc', 'dev', 'proc', 'sys', 'root', 'srv']) {
    await mkdir(join(root, name), { recursive: true });
  }
  await copyFile('/bin/busybox', join(root, 'bin/busybox'));
  await chmod(join(root, 'bin/busybox'), 0o755);
  for (const applet of applets) await symlink('busybox', join(root, 'bin', applet));
  const files: [string, string, number][] = [
    ['etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nbad\nweb:x:101:102:Web:/srv:/bin/sh\n', 0o644],
    ['etc/group', 'root:x:0:\nweb:x:102:\nlogs:x:200:other,web\nextra:x:201:\n', 0o644],
    ['etc/hosts', 'from the image\n', 0o644],
    ['etc/resolv.conf', 'from the image\n', 0o644],
    ['etc/hostname', 'from the image\n', 0o644],
    ['bin/plain', 'no program\n', 0o644],
    ['bin/garbage', '\u0001\u0002\u0003 not a program\n', 0o755],
    ['bin/orphan', '#!/no/such/interpreter\n', 0o755],
    ['bin/script', '#!/bin/sh\necho script "$@"\n', 0o755],
  ];
  for (const [name, text, mode] of files) {
    await writeFile(join(root, name), text);
    await chmod(join(root, name), mode);
  }
  const image = (name: string) => join(directory, name);
  const quiet = { stdio: 'ignore' } as const;
  const blocks = ['-B', '1024', '-b', '8192', '-N', '512'];
  execFileSync('genext2fs', ['-U', ...blocks, '-d', root, image('root.ext2')], quiet);
  const squash = ['-all-root', '-comp', 'gzip', '-noappend', '-quiet'];
  execFileSync('mksquashfs', [root, image('root.squashfs'), ...squash], quiet);
  execFileSync('mkfs.erofs', ['--all-root', image('root.erofs'), root], quiet);
  await mkdir(join(directory, 'cpio'));
  execFileSync('cp', ['-a', root, app]);
  const names = execFileSync('find', ['app'], { cwd: join(directory, 'cpio') });
  const initramfs = execFileSync('cpio', ['-o', '-H', 'newc', '--owner=0:0', '--quiet'], {
    cwd: join(directory, 'cpio'),
    input: names,
    maxBuffer: 64 << 20,
  });
  return {
    directory,
    initramfs,
    ext2: image('root.ext2'),
    squashfs: image('root.squashfs'),
    erofs: image('root.erofs'),
  };
}

export interface BootOptions {
  readonly init: Buffer;
  readonly roots: Roots;
  readonly settings: Partial<GuestSettings>;
  readonly format?: 'ext2' | 'squashfs' | 'erofs' | 'initramfs';
  readonly access?: 'rw' | 'ro' | 'overlay';
  /** The path of a vmlinux. */
  readonly kernel: string;
  readonly memoryMiB?: number;
  readonly cmdline?: string;
  readonly network?: boolean;
  /** Instead of encoded settings. */
  readonly rawSettings?: Buffer;
  /** Keeps what the guest writes to its disk. */
  readonly keepDisk?: boolean;
}

export class Boot {
  readonly console: GuestConsole;
  readonly messages: GuestMessage[] = [];
  readonly kernel: KernelLine[] = [];
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #text = '';
  startedAt: number | undefined;
  /** The application's status, once QEMU is gone. */
  readonly end: Promise<GuestEnd>;
  /** QEMU is gone, read or not. */
  readonly stopped: Promise<void>;
  readonly #kill: () => void;

  constructor(options: BootOptions) {
    const child = spawn('qemu-system-x86_64', arguments_(options), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#kill = () => child.kill('SIGKILL');
    this.stopped = new Promise((done) => child.once('exit', () => done()));
    this.console = new GuestConsole(Duplex.from({ readable: child.stdout, writable: child.stdin }));
    this.console.on('text', (data) => (this.#text += data.toString('latin1')));
    this.console.on('message', (message) => this.messages.push(message));
    this.console.on('kernel', (line) => this.kernel.push(line));
    this.console.on('started', (microseconds) => (this.startedAt = microseconds));
    this.console.stdout.on('data', (data: Buffer) => this.#stdout.push(data));
    this.console.stderr.on('data', (data: Buffer) => this.#stderr.push(data));
    this.end = this.console.ended.then(async (end) => {
      await this.stopped;
      return end;
    });
  }

  get output(): Buffer {
    return Buffer.concat(this.#stdout);
  }
  get stdout(): string {
    return this.output.toString();
  }
  get stderr(): string {
    return Buffer.concat(this.#stderr).toString();
  }
  /** What the kernel printed outside of frames. */
  get text(): string {
    return this.#text;
  }
  /** Waits until the application has printed something. */
  async says(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      await Promise.race([
        new Promise((next) => this.console.stdout.once('data', next)),
        this.console.ended.then((end) => {
          if (!this.stdout.includes(text)) throw new Error(`ended: ${JSON.stringify(end)}`);
        }),
      ]);
    }
  }
  kill(): void {
    this.#kill();
  }
}

let archives = 0;

function arguments_(options: BootOptions): string[] {
  const format = options.format ?? 'squashfs';
  const { roots } = options;
  const settings =
    options.rawSettings ??
    encodeSettings({
      root: { type: format, access: options.access ?? (format === 'ext2' ? 'rw' : 'overlay') },
      argv: ['true'],
      ...options.settings,
    });
  const own = bootArchive(options.init, settings);
  const initrd = join(roots.directory, `initrd-${archives++}`);
  writeArchive(initrd, format === 'initramfs' ? [roots.initramfs, own] : [own]);
  const disk = format === 'initramfs' ? undefined : roots[format];
  const drive = [`file=${disk}`, 'if=none', 'id=root', 'format=raw'];
  if (options.keepDisk !== true) drive.push('snapshot=on');
  const network = ['-netdev', 'user,id=net', '-device', 'virtio-net-device,netdev=net'];
  return [
    ...['-M', 'microvm,acpi=off', '-accel', 'tcg', '-cpu', 'max,-apic'],
    ...['-m', String(options.memoryMiB ?? 128), '-nodefaults', '-no-user-config', '-no-reboot'],
    ...['-display', 'none', '-serial', 'stdio', '-kernel', options.kernel],
    ...['-initrd', initrd],
    ...['-append', `console=ttyS0 reboot=t panic=-1 quiet ${options.cmdline ?? ''}`],
    ...(disk === undefined
      ? []
      : ['-drive', drive.join(','), '-device', 'virtio-blk-device,drive=root']),
    ...(options.network === true ? network : []),
  ];
}

function writeArchive(path: string, parts: readonly Buffer[]): void {
  writeFileSync(path, Buffer.concat(parts));
}

export async function removeRoots(roots: Roots | undefined): Promise<void> {
  if (roots !== undefined) await rm(roots.directory, { recursive: true, force: true });
}
