/** What `lupine run` does for its user: flags, streams, exit statuses, and failures in one line. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { killAll, leftovers, Lupine, lupine, program, type Result } from '../../support/cli.js';
import { exec } from '../../support/exec.js';
import { muslImage, smallImage } from '../../support/images.js';
import { testKernel, testKernelFlags } from '../../support/kernel.js';
import { muslProgram } from '../../support/programs.js';

let scratch: string;
let small: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lupine-run-'));
  small = (await smallImage()).reference;
  await testKernel();
});
afterEach(killAll);
afterAll(() => rm(scratch, { recursive: true }));

/** Runs the small image quietly: flags, then what follows the image. */
function run(
  flags: readonly string[],
  command: readonly string[] = [],
  options: { input?: string | Buffer; env?: Record<string, string> } = {},
): Promise<Result> {
  return lupine(['run', '-q', ...testKernelFlags, ...flags, small, ...command], options);
}
const lines = (...text: string[]) => text.map((line) => `${line}\n`).join('');

describe('what the application finds', () => {
  test('the image decides where nobody else does', async () => {
    expect(await run(['--hostname', 'box'])).toEqual({
      status: 0,
      stdout: lines(
        'argument: from the image',
        'environment: PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'environment: GREETING=of the image',
        'environment: HOSTNAME=box',
        'environment: HOME=/data',
        'directory: /data',
        'host: box',
        'user: 101:102',
      ),
      stderr: '',
    });
  });

  test('flags and what follows the image win', async () => {
    const file = join(scratch, 'env');
    await writeFile(file, '# comment\nFROM_FILE=one two\nGREETING=of the file\nINHERITED\n');
    const flags = [
      ...['-e', 'GREETING=of the flag', '-e', 'EMPTY=', '--env-file', file],
      ...['-w', '/mnt/made', '-u', '4242:33', '--name', 'vm-name'],
    ];
    const { stdout, stderr } = await run(flags, ['hello', 'a b', '', 'ü'], {
      env: { INHERITED: 'from the host' },
    });
    expect(stderr).toBe('');
    expect(stdout).toBe(
      lines(
        'argument: a b',
        'argument: ',
        'argument: ü',
        'environment: PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'environment: GREETING=of the flag',
        'environment: FROM_FILE=one two',
        'environment: INHERITED=from the host',
        'environment: EMPTY=',
        'environment: HOSTNAME=vm-name',
        'environment: HOME=/',
        'directory: /mnt/made',
        'host: vm-name',
        'user: 4242:33',
      ),
    );
  });

  test('an entrypoint of the user drops the command of the image', async () => {
    const { status, stdout } = await run(['--entrypoint', 'busybox'], ['expr', '6', '*', '7']);
    expect([status, stdout]).toEqual([0, '42\n']);
    const none = await run(['--entrypoint', '/bin/probe']);
    expect([none.status, none.stderr]).toEqual([64, "probe: what is ''?\n"]);
  });

  test('a read-only root, and a tmpfs that is none', async () => {
    const refused = await run(['--read-only'], ['keep', '/data/new']);
    expect([refused.status, refused.stdout]).toEqual([1, '/data/new: Read-only file system\n']);
    const { status, stdout } = await run(['--read-only', '--tmpfs', '/mnt'], ['keep', '/mnt/new']);
    expect([status, stdout]).toEqual([0, '/mnt/new: kept\n']);
  });

  test('what one run writes, the next does not see', async () => {
    for (let round = 0; round < 2; round++) {
      expect((await run([], ['keep', '/data/new'])).stdout).toBe('/data/new: kept\n');
    }
  });
});

describe('streams', () => {
  test('stdout and stderr stay apart', async () => {
    expect(await run([], ['both'])).toEqual({
      status: 0,
      stdout: 'to stdout\n',
      stderr: 'to stderr\n',
    });
  });

  test('stdin reaches the application with -i only', async () => {
    const input = 'all of it\n'.repeat(2_000);
    expect((await run(['-i'], ['copy'], { input })).stdout).toBe(input);
    expect((await run([], ['copy'], { input })).stdout).toBe('');
  });

  test('-t gives a terminal as large as the one outside', async () => {
    const args = ['run', '-q', '-it', ...testKernelFlags, small, 'terminal'];
    const quoted = [process.execPath, '--', program, ...args].map((arg) => `'${arg}'`).join(' ');
    const said = await exec('script', [
      ...['--quiet', '--return', '--command', `stty rows 33 cols 101; ${quoted}`, '/dev/null'],
    ]);
    expect(said).toContain('terminal: 33 x 101');
  });

  test('-it without a terminal is refused', async () => {
    const { status, stderr } = await run(['-it'], ['terminal'], { input: '' });
    expect([status, stderr]).toEqual([125, expect.stringMatching(/^lupine: .*no terminal.*\n$/)]);
  });
});

describe('exit statuses', () => {
  const cases: [string, string[], string[], number, RegExp][] = [
    ['success', [], ['exit', '0'], 0, /^$/],
    ["the application's own", [], ['exit', '7'], 7, /^$/],
    ['of 255', [], ['exit', '255'], 255, /^$/],
    ['a signal it died of', [], ['die', '11'], 128 + 11, /^$/],
    ['SIGKILL', [], ['die', '9'], 128 + 9, /^$/],
    ['a program that is not there', ['--entrypoint', '/none'], [], 127, /^lupine: .*\/none.*\n$/],
    ['a name that PATH lacks', ['--entrypoint', 'none'], [], 127, /^lupine: .*none.*\n$/],
    ['a file without x', ['--entrypoint', '/data/plain'], [], 126, /^lupine: .*plain.*\n$/],
    ['a user that is not there', ['-u', 'who'], [], 125, /^lupine: .*'who'.*\n$/],
  ];
  test.each(cases)('%s', async (_what, flags, command, expected, said) => {
    const { status, stdout, stderr } = await run(flags, command);
    expect([status, stdout]).toEqual([expected, '']);
    expect(stderr).toMatch(said);
  });

  test('of an application that handles SIGTERM', async () => {
    const vm = new Lupine(['run', '-q', ...testKernelFlags, small, 'serve', '7777']);
    await vm.says('serving');
    vm.signal('SIGTERM');
    expect((await vm.ended).status).toBe(3);
    expect(leftovers(vm.pid)).toEqual([]);
  });
});

describe('memory', () => {
  test('too little to hold the kernel is one line with the size', async () => {
    const { status, stderr } = await run(['-m', '5M']);
    expect(status).toBe(125);
    expect(stderr).toMatch(/^lupine: too little memory.*5 MiB.*-m.*\n$/);
  });

  test('too little to start is one line that says so', async () => {
    const { status, stderr } = await run(['-m', '8M']);
    expect(status).toBe(125);
    expect(stderr).toMatch(/^lupine: the microVM went down: .*memory \(-m\).*\n$/);
  });

  test('an application that eats all of it is killed, and the kernel says so once', async () => {
    const { status, stderr } = await run(['-m', '48M'], ['eat']);
    expect(status).toBe(128 + 9);
    expect(stderr).toMatch(/^lupine: guest kernel: Out of memory: Killed process.*\(probe\).*\n$/);
  });

  test('a kernel that panics is one line, and status 125', async () => {
    // A process that must not be killed takes all memory: the kernel gives up.
    const eat = 'echo -1000 >/proc/self/oom_score_adj && exec /bin/probe eat';
    const vm = new Lupine([
      ...['run', '-q', ...testKernelFlags, '-u', '0', '-m', '48M'],
      ...['--entrypoint', '/bin/busybox', small, 'sh', '-c', eat],
    ]);
    const { status, stderr } = await vm.ended;
    expect(stderr).toMatch(/^lupine: the microVM went down: Kernel panic.*$/m);
    expect(status).toBe(125);
    expect(leftovers(vm.pid)).toEqual([]);
  });

  test('a guest that reboots went down without a status', async () => {
    const { status, stderr } = await run(['-u', '0'], ['reboot']);
    expect([status, stderr]).toEqual([125, expect.stringMatching(/^lupine: the microVM .*\n$/)]);
  });
});

describe('a static program of musl', () => {
  const expected = lines(
    'argument: one',
    'environment: NAME=value',
    'directory: /',
    'host: static',
    'user: 0:0',
  );
  const run = (what: string, command: readonly string[], input?: string) =>
    lupine(
      [
        ...['run', '-q', '-i', ...testKernelFlags, '-e', 'NAME=value', '--hostname', 'static'],
        ...[what, ...command],
      ],
      { input: input ?? '' },
    );
  const own = (text: string) => text.replace(/^environment: (PATH|HOME|HOSTNAME)=.*\n/gm, '');

  test('alone in an image', async () => {
    const { reference } = await muslImage();
    const { status, stdout } = await run(reference, ['hello', 'one']);
    expect([status, own(stdout)]).toEqual([0, expected]);
    expect((await run(reference, ['copy'], 'through\n')).stdout).toBe('through\n');
    expect((await run(reference, ['exit', '42'])).status).toBe(42);
  });

  test('as a program of this machine', async () => {
    const { status, stdout } = await run(await muslProgram('probe'), ['hello', 'one']);
    expect([status, own(stdout)]).toEqual([0, expected]);
  });
});
