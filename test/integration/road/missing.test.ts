/** A program that asks for what its kernel lacks: the user reads which option gives it, and adds it. */

import { afterEach, beforeAll, expect, test } from 'vitest';
import { killAll, lupine } from '../../support/cli.js';
import { smallImage } from '../../support/images.js';
import { testKernel, testKernelFlags } from '../../support/kernel.js';

let small: string;
beforeAll(async () => {
  small = (await smallImage()).reference;
  await testKernel();
});
afterEach(killAll);

const cases: { command: string[]; said: RegExp; works: string }[] = [
  {
    command: ['epoll'],
    said: /^lupine: probe asked for system call epoll_create1, .*CONFIG_EPOLL .*--with EPOLL\b/,
    works: 'epoll_create1: works\n',
  },
  {
    command: ['unix'],
    said: /^lupine: probe asked for socket (AF_)?UNIX, .*CONFIG_UNIX .*--with UNIX\b/,
    works: 'socket: works\n',
  },
  {
    command: ['mount', 'configfs'],
    said: /^lupine: probe asked for file system configfs, .*CONFIG_CONFIGFS_FS .*--with CONFIGFS_FS\b/,
    works: 'mount: works\n',
  },
];

const run = (flags: readonly string[], command: readonly string[]) =>
  lupine(['run', '-q', ...testKernelFlags, '-u', '0', ...flags, small, ...command]);

test('what is missing is told with the flags that add it, and they do', async () => {
  const flags = new Set<string>();
  for (const { command, said } of cases) {
    const { status, stderr } = await run([], command);
    expect(status).toBe(1);
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(said)]);
    for (const [, option = ''] of stderr.matchAll(/--with (\w+)/g)) flags.add(option);
  }
  // One kernel with all of them: each kernel takes minutes.
  const added = [...flags].flatMap((option) => ['--with', option]);
  for (const { command, works } of cases) {
    expect(await run(added, command)).toEqual({ status: 0, stdout: works, stderr: '' });
  }
}, 3_600_000);
