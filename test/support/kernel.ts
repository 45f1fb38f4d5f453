/** Kernels for tests, built by the product and kept in its cache: the first run takes minutes. */

import { fileURLToPath } from 'node:url';
import { silentProgress } from '../../src/support/progress.js';
import { buildKernels, type BuildOptions } from '../../src/unikernel/index.js';

const context = { progress: silentProgress };
const extras = fileURLToPath(new URL('kernel.config', import.meta.url));
const bare = fileURLToPath(new URL('../integration/guest/bare.config', import.meta.url));

const features = ['net', 'dhcp', 'tty', 'ext2', 'squashfs', 'erofs', 'overlay'];

/** Flags that give `lupine run` and `lupine build` the kernel of {@link testKernel}. */
export const testKernelFlags = [
  ...['--profile', 'lupine-base', '--feature', features.join(',')],
  ...['--config', extras],
];

/**
 * lupine-base with every feature, so that one kernel boots every root file system with a network and
 * a terminal; applications' options such as EPOLL are missing.
 * @returns the path of its vmlinux.
 */
export function testKernel(): Promise<string> {
  return vmlinux({ profile: 'lupine-base', features, configFiles: [extras] });
}

/** The kernel that `lupine run` takes for redis. Built in set-up, it is no part of a test's time. */
export function redisKernel(): Promise<string> {
  return vmlinux({}, 'redis');
}

/** The kernel of `--profile lupine-general`. */
export function generalKernel(): Promise<string> {
  return vmlinux({ profile: 'lupine-general' });
}

/** Next to nothing: what init must do without (test/integration/guest/bare.config). */
export function bareKernel(): Promise<string> {
  return vmlinux({ configFiles: [bare] });
}

async function vmlinux(options: BuildOptions, ...apps: readonly string[]): Promise<string> {
  const [kernel] = await buildKernels(apps, [], options, context);
  if (kernel === undefined) throw new Error('no kernel was built');
  return kernel.vmlinux;
}
