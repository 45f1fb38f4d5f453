/**
 * Lupine as a library: any application as a Linux unikernel.
 *
 *     import { build, run } from 'lupine-linux';
 *     const redis = await build('docker.io/library/redis:7');
 *     const vm = await run(redis, { memory: 64 * 2 ** 20 });
 *     vm.stdout.pipe(process.stdout);
 *     const end = await vm.ended; // { kind: 'exited', code: 0 }
 */

import type { Context } from './support/context.js';
import { silentProgress } from './support/progress.js';
import {
  build as buildUnikernel,
  openUnikernel,
  start,
  type BuildOptions,
  type RunningUnikernel,
  type RunOptions,
  type Unikernel,
} from './unikernel/index.js';

export { openImage, type Image, type ImageConfig, type FileTree } from './image/index.js';
export { loadCatalogue, type ApplicationManifest } from './manifest/index.js';
export type { Kernel, KernelReport, Profile, SourceSpec, Variant } from './kernel/index.js';
export type { InstanceEnd } from './instance/index.js';
export type { Accelerator, Network, PortMapping } from './monitor/index.js';
export { buildRootfs, type Rootfs, type RootfsFormat } from './rootfs/index.js';
export { LupineError } from './support/errors.js';
export type { Context } from './support/context.js';
export { silentProgress, terminalProgress, type Progress } from './support/progress.js';
export {
  buildKernels,
  readBundle,
  writeBundle,
  type BuildOptions,
  type Description,
  type NetworkChoice,
  type RunningUnikernel,
  type RunOptions,
  type Unikernel,
} from './unikernel/index.js';

const silent: Context = { progress: silentProgress };

/**
 * Makes a unikernel of an image, or takes it from the cache.
 * @param reference as `lupine run` takes it: `nginx:alpine`, `oci:DIR`, `/usr/bin/redis-server`.
 * @throws LupineError whose `line` is for the user.
 */
export function build(
  reference: string,
  options: BuildOptions = {},
  context: Context = silent,
): Promise<Unikernel> {
  return buildUnikernel(reference, options, context);
}

/**
 * Starts a microVM and returns while it runs. Read `stdout` and `stderr` (or call their `resume()`):
 * who does not read them stops the guest. The VM lives no longer than this process.
 * @param target a unikernel, a bundle's directory, or a reference, which is built first.
 * @throws LupineError whose `line` is for the user.
 */
export async function run(
  target: Unikernel | string,
  options: BuildOptions & RunOptions = {},
  context: Context = silent,
): Promise<RunningUnikernel> {
  const unikernel =
    typeof target === 'string' ? await openUnikernel(target, options, context) : target;
  return start(unikernel, options, context);
}
