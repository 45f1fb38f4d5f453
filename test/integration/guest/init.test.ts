import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { encodeProbeSettings } from '../../../src/instance/settings.js';
import { testKernel } from '../../support/kernel.js';
import { Boot, buildInit, buildRoots, removeRoots, type BootOptions, type Roots } from './boot.js';

vi.setConfig({ testTimeout: 60_000 });

let init: Buffer;
let roots: Roots;
let kernel: string;
const running = new Set<Boot>();

beforeAll(async () => {
  kernel = await testKernel();
  init = buildInit();
  roots = await buildRoots();
});
afterEach(() => {
  for (const vm of running) vm.kill();
  running.clear();
});
afterAll(() => removeRoots(roots));

function boot(argv: readonly string[], options: Partial<BootOptions> = {}): Boot {
  const vm = new Boot({ init, roots, kernel, ...options, settings: { argv, ...options.settings } });
  running.add(vm);
  return vm;
}
/** Runs a shell script to the VM's end. */
async function sh(script: string, options: Partial<BootOptions> = {}): Promise<Boot> {
  const vm = boot(['sh', '-c', script], options);
  await vm.end;
  return vm;
}
const exited = (code: number) => ({ kind: 'exited', code });
const signalled = (signal: number) => ({ kind: 'signalled', signal });
/** Messages that a user would see. */
const complaints = (vm: Boot) => vm.messages.filter((m) => m.severity !== 'info');

describe('how the application ends', () => {
  test('its exit status comes to the host, and nothing else is said', async () => {
    const vm = await sh('exit 42');
    expect(await vm.end).toEqual(exited(42));
    expect(vm.messages).toEqual([]);
    expect(vm.kernel).toEqual([]);
    expect(vm.startedAt).toBeGreaterThan(0);
  });

  test('its death by a signal is told as such', async () => {
    const vm = await sh('kill -SEGV $$');
    expect(await vm.end).toEqual(signalled(11));
  });

  test('a signal of the host reaches it, and its own handler decides', async () => {
    const vm = boot([
      'sh',
      '-c',
      'trap "echo caught; exit 3" TERM; echo ready; while :; do sleep 1; done',
    ]);
    await vm.says('ready');
    vm.console.signal(15);
    expect(await vm.end).toEqual(exited(3));
    expect(vm.stdout).toBe('ready\ncaught\n');
  });

  test('SIGKILL ends one that hangs', async () => {
    const vm = boot(['sh', '-c', 'trap "" TERM INT; echo ready; while :; do :; done']);
    await vm.says('ready');
    vm.console.signal(15);
    vm.console.signal(9);
    expect(await vm.end).toEqual(signalled(9));
  });

  test('what it left running does not keep the VM up', async () => {
    const before = Date.now();
    const vm = await sh('trap "" TERM; sleep 1000 & (while :; do :; done) & exit 5');
    expect(await vm.end).toEqual(exited(5));
    expect(Date.now() - before).toBeLessThan(20_000);
  });

  test('orphans are collected while it runs', async () => {
    const vm = await sh(
      'for i in 1 2 3 4 5; do (sleep 0.1 & ); done; sleep 1; ps -o stat | grep -c Z',
    );
    expect(vm.stdout.trim()).toBe('0');
  });

  test('too little memory: the kernel says whom it killed', async () => {
    const most = '$(($(grep MemTotal /proc/meminfo | tr -dc 0-9) - 1024))k';
    const dd = `exec dd if=/dev/zero of=/dev/null bs=${most}`;
    const vm = boot(['sh', '-c', dd], { memoryMiB: 48 });
    expect(await vm.end).toEqual(signalled(9));
    expect(vm.kernel.some((line) => line.text.includes('Out of memory'))).toBe(true);
  });
});

describe('what cannot be started', () => {
  const cases: [string, string[], number, RegExp][] = [
    ['a program that is not there', ['/bin/nope'], 127, /\/bin\/nope: no such file/],
    ['a name that PATH does not have', ['nope'], 127, /nope: no such program in the image's PATH/],
    ['an empty name', [''], 127, /no such program/],
    ['a directory', ['/etc'], 126, /is a directory/],
    ['a file without x', ['/bin/plain'], 126, /permission denied/],
    ['a name without x in PATH', ['plain'], 126, /permission denied/],
    ['a file that is no program', ['garbage'], 126, /no program for this machine/],
    ['a script whose program is missing', ['orphan'], 127, /first line names/],
  ];
  test.each(cases)('%s', async (_what, argv, status, text) => {
    const vm = boot(argv);
    expect(await vm.end).toEqual(exited(status));
    expect(vm.messages.filter((m) => m.severity === 'error')).toHaveLength(1);
    expect(vm.messages.at(-1)?.text).toMatch(text);
  });

  test('a user the image does not know', async () => {
    const vm = boot(['true'], { settings: { user: 'nobody-here' } });
    expect(await vm.end).toEqual(exited(125));
    expect(vm.messages.at(-1)?.text).toMatch(/no user 'nobody-here'/);
  });

  test('a root disk of another kind', async () => {
    const vm = boot(['true'], {
      format: 'ext2',
      settings: { root: { type: 'erofs', access: 'ro' } },
    });
    expect(await vm.end).toEqual(exited(125));
    expect(vm.messages.at(-1)?.text).toMatch(/cannot mount \/dev\/vda as erofs/);
  });

  test('a disk that is not there', async () => {
    const root = { type: 'ext2', access: 'ro', device: '/dev/vdz' } as const;
    const vm = boot(['true'], { settings: { root } });
    expect(await vm.end).toEqual(exited(125));
    expect(vm.messages.at(-1)).toMatchObject({ option: 'VIRTIO_BLK' });
  });

  test.each([
    ['an unknown key', 'version=1\0colour=red\0', /unknown key 'colour'/],
    ['a key twice', 'version=1\0root=ext2\0root=ext2\0', /'root' is given twice/],
    ['a bad value', 'version=1\0address=1.2.3.4\0', /bad value of 'address'/],
    ['another version', 'version=9\0', /reads version 1 but got 'version=9'/],
    ['a cut file', 'version=1\0root=ext', /cut short/],
    ['no command', 'version=1\0root=ext2\0', /missing/],
    ['an empty file', '', /no settings/],
  ])('settings with %s', async (_what, text, error) => {
    const vm = boot([], { rawSettings: Buffer.from(text) });
    expect(await vm.end).toEqual(exited(125));
    expect(vm.messages.at(-1)?.text).toMatch(error);
  });

  test('a kernel that finds no init: its panic is kept, the end is lost', async () => {
    const vm = new Boot({ init: Buffer.from('nothing'), roots, kernel, settings: {} });
    expect(await vm.end).toMatchObject({ kind: 'lost' });
    expect(vm.text).toContain('Kernel panic');
  });
});

describe('input and output', () => {
  test('stdout and stderr stay apart, and every byte passes', async () => {
    const script =
      'i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %03o $i)"; i=$((i+1)); done; echo no >&2';
    const vm = await sh(script);
    expect(vm.output).toEqual(Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
    expect(vm.stderr).toBe('no\n');
  });

  test('without stdin the application reads an end at once', async () => {
    const vm = boot(['wc', '-c']);
    expect(await vm.end).toEqual(exited(0));
    expect(vm.stdout.trim()).toBe('0');
  });

  // Slow under emulation: the UART interrupts every 14 bytes.
  test('1 MB of binary stdin arrives and comes back', { timeout: 300_000 }, async () => {
    const data = randomBytes(1 << 20);
    const sum = createHash('md5').update(data).digest('hex');
    const script = 'tee /dev/shm/in | md5sum >&2; cat /dev/shm/in';
    const vm = boot(['sh', '-c', script], { settings: { stdin: true } });
    vm.console.stdin.end(data);
    expect(await vm.end).toEqual(exited(0));
    expect(vm.stderr).toBe(`${sum}  -\n`);
    expect(vm.output.equals(data)).toBe(true);
    expect(complaints(vm)).toEqual([]);
  });

  test('stdin that nobody reads stops nothing', async () => {
    const vm = boot(['sh', '-c', 'exec <&-; sleep 1; echo done'], { settings: { stdin: true } });
    const written = new Promise((done) => vm.console.stdin.write(Buffer.alloc(1 << 20), done));
    expect(await vm.end).toEqual(exited(0));
    await written;
    expect(vm.stdout).toBe('done\n');
  });

  test('a host that reads slowly loses nothing', async () => {
    const vm = boot(['seq', '100000']);
    vm.console.stdout.pause();
    await new Promise((done) => setTimeout(done, 4000));
    vm.console.stdout.resume();
    expect(await vm.end).toEqual(exited(0));
    expect(vm.stdout.split('\n').at(-2)).toBe('100000');
    expect(vm.stdout.length).toBe(588_895);
  });

  test('a host that has stopped reading does not keep the VM up', async () => {
    const vm = boot(['sh', '-c', 'seq 10000000 & sleep 1; exit 4']);
    vm.console.stdout.pause();
    await vm.stopped;
    vm.console.stdout.resume();
    expect(await vm.end).toMatchObject({ kind: 'lost' });
  });

  test('a terminal has its size, follows a resize, and Ctrl-C interrupts', async () => {
    const script =
      'test -t 0 && test -t 2 && stty size; trap "stty size; exit 7" INT; echo $TERM; while :; do sleep 1; done';
    const settings = { tty: { rows: 33, columns: 101 }, stdin: true };
    const vm = boot(['sh', '-c', script], { settings });
    await vm.says('xterm');
    vm.console.resize(50, 200);
    vm.console.stdin.write('\x03');
    expect(await vm.end).toEqual(exited(7));
    expect(vm.stdout).toBe('33 101\r\nxterm\r\n^C50 200\r\n');
  });

  test('the end of stdin ends an interactive shell', async () => {
    const vm = boot(['sh'], {
      settings: { tty: { rows: 24, columns: 80 }, stdin: true, env: ['PS1=$ '] },
    });
    await vm.says('$ ');
    vm.console.stdin.end('echo $((6 * 7)); tty 2>/dev/null || readlink /proc/self/fd/0\n');
    expect(await vm.end).toEqual(exited(0));
    expect(vm.stdout).toContain('42\r\n/dev/pts/0\r\n');
  });
});

describe('what the application finds', () => {
  test('arguments and environment as given, whatever is in them', async () => {
    const odd = 'a b\n"\\$\u0001\u0002\u0003\u0010é☃=';
    const settings = { env: [`ODD=${odd}`, 'EMPTY=', 'PATH=/nowhere:/bin'] };
    const script = 'printf "%s|" "$@" "$ODD" "$EMPTY" "$PATH" "$HOME" "$HOSTNAME"';
    const vm = boot(['/bin/sh', '-c', script, 'sh', odd, ''], {
      settings: { ...settings, hostname: 'box' },
    });
    expect(await vm.end).toEqual(exited(0));
    expect(vm.stdout).toBe(`${odd}||${odd}||/nowhere:/bin|/root|box|`);
  });

  test('scripts, a working directory that was not there, umask, limits', async () => {
    const vm = boot(['sh', '-c', 'script "$PWD" "$(umask)" "$(ulimit -n)" "$(ulimit -Hn)"'], {
      settings: { workdir: '/made/for/it', limits: [{ resource: 'nofile', soft: 77, hard: 999 }] },
    });
    await vm.end;
    expect(vm.stdout).toBe('script /made/for/it 0022 77 999\n');
  });

  const users: [string, string[], string][] = [
    ['', [], 'Uid: 0 0 0 0 Gid: 0 0 0 0 Groups: /root'],
    ['web', [], 'Uid: 101 101 101 101 Gid: 102 102 102 102 Groups: 200 /srv'],
    ['101', [], 'Uid: 101 101 101 101 Gid: 102 102 102 102 Groups: 200 /srv'],
    ['web:extra', [], 'Uid: 101 101 101 101 Gid: 201 201 201 201 Groups: /srv'],
    ['4242', [], 'Uid: 4242 4242 4242 4242 Gid: 0 0 0 0 Groups: /'],
    [
      '4242:4343',
      ['extra', '7'],
      'Uid: 4242 4242 4242 4242 Gid: 4343 4343 4343 4343 Groups: 7 201 /',
    ],
  ];
  test.each(users)('user "%s" with groups %j', async (user, groups, expected) => {
    const script = `grep -E '^(Uid|Gid|Groups)' /proc/self/status; echo $HOME; echo by /dev/stderr >/dev/stderr`;
    const vm = await sh(script, { settings: { user, groups } });
    expect(vm.stdout.trim().split(/\s+/).join(' ')).toBe(expected);
    expect(vm.stderr).toBe('by /dev/stderr\n');
  });

  test.each(['ext2', 'squashfs', 'erofs', 'initramfs'] as const)(
    '%s: a root it can write',
    async (format) => {
      const vm = await sh(
        'echo 1 > /new && rm /etc/group && cat /new && ls -d /lupine /init /app; true',
        { format },
      );
      expect(await vm.end).toEqual(exited(0));
      expect(vm.stdout).toBe('1\n');
      expect(vm.kernel).toEqual([]);
      expect(complaints(vm)).toEqual([]);
    },
  );

  test.each(['ext2', 'squashfs', 'initramfs'] as const)(
    '%s: a read-only root, /etc of the machine, a tmpfs',
    async (format) => {
      const vm = await sh(
        '(echo 1 > /new) 2>&1; cat /etc/hostname; echo t > /srv/x && cat /srv/x; grep resolv /proc/mounts | wc -l',
        {
          format,
          access: 'ro',
          settings: {
            hostname: 'fixed',
            nameservers: ['9.9.9.9'],
            tmpfs: [{ path: '/srv', options: 'size=64k' }],
          },
        },
      );
      expect(vm.stdout).toMatch(/Read-only file system\nfixed\nt\n1\n$/);
      expect(complaints(vm)).toEqual([]);
    },
  );

  test('devices, /proc, /sys, shared memory and terminals', async () => {
    const vm = await sh(
      'ls -l /dev/null | cut -c1-10; echo hi > /dev/stdout; test -d /proc/1 && test -d /sys/class && touch /dev/shm/x && ls -ld /dev/shm /tmp | cut -c1-10; test -c /dev/ptmx; echo $?',
    );
    expect(vm.stdout).toBe('crw-rw-rw-\nhi\ndrwxrwxrwt\ndrwxrwxrwt\n0\n');
  });

  test('a fixed address, and the files that go with it', async () => {
    const vm = await sh(
      'ip -4 addr | grep inet; ip route | head -1; cat /etc/hosts /etc/resolv.conf',
      {
        network: true,
        settings: {
          hostname: 'box',
          network: { address: '10.0.2.15/24', gateway: '10.0.2.2' },
          nameservers: ['10.0.2.3'],
          hosts: ['10.0.2.2 gate'],
        },
      },
    );
    expect(vm.stdout).toMatch(/127\.0\.0\.1\/8/);
    expect(vm.stdout).toMatch(/10\.0\.2\.15\/24 brd/);
    expect(vm.stdout).toMatch(/default via 10\.0\.2\.2 dev eth0/);
    expect(vm.stdout).toMatch(/10\.0\.2\.2 gate\n10\.0\.2\.15\tbox\nnameserver 10\.0\.2\.3\n$/);
    expect(complaints(vm)).toEqual([]);
  });

  test('an address from DHCP by the kernel', async () => {
    const vm = await sh('ip -4 addr show eth0 | grep -o 10.0.2.15; cat /etc/resolv.conf', {
      network: true,
      cmdline: 'ip=dhcp',
      settings: { network: 'dhcp' },
    });
    expect(vm.stdout).toBe('10.0.2.15\nnameserver 10.0.2.3\n');
  });

  test('an address but no card', async () => {
    const vm = await sh('true', { settings: { network: { address: '10.0.2.15/24' } } });
    expect(complaints(vm)).toMatchObject([{ severity: 'warning', option: 'VIRTIO_NET' }]);
  });

  test("the host's time and randomness", async () => {
    const vm = await sh('date +%s; date +%Y', {
      settings: { clock: 2_000_000_000, entropy: randomBytes(64) },
    });
    const [seconds] = vm.stdout.split('\n');
    expect(Number(seconds) - 2_000_000_000).toBeLessThan(30);
    expect(Number(seconds)).toBeGreaterThanOrEqual(2_000_000_000);
    expect(complaints(vm)).toEqual([]);
  });
});

test('what an ext2 root was given is there at the next boot, on a clean file system', async () => {
  const disk = join(roots.directory, 'kept.ext2');
  await copyFile(roots.ext2, disk);
  const own = { roots: { ...roots, ext2: disk }, format: 'ext2', keepDisk: true } as const;
  await sh('echo kept > /srv/file', own);
  execFileSync('e2fsck', ['-f', '-n', disk]);
  const vm = await sh('cat /srv/file', own);
  expect(vm.stdout).toBe('kept\n');
});

test('a probe says that it is up, and ends', async () => {
  const vm = boot([], { rawSettings: encodeProbeSettings() });
  expect(await vm.end).toEqual(exited(0));
  expect(vm.startedAt).toBeGreaterThan(0);
});

test("programs cannot pass for the kernel's log", async () => {
  const vm = await sh('echo "<4>lupine: missing syscall 1 sh" > /dev/kmsg; sleep 0.2');
  expect(vm.kernel).toEqual([]);
});
