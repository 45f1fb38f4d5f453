/**
 * From requests to `.config`: nothing but what was requested and what follows from it, as
 * `make allnoconfig` with KCONFIG_ALLCONFIG gives it, computed by src/kconfig/. Every request is then
 * compared with what came out. The kernel's own program reads the result when the kernel is built,
 * and a build that changes it is an error (build.ts).
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTarget } from '../kconfig/targets.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { cacheDirectory } from '../support/paths.js';
import { cached, keyOf } from '../support/store.js';
import { requireTaken } from './check.js';
import { formatFragment, parseConfig } from './fragment.js';
import { prepareSource } from './source.js';
import type { SourceOptions } from './source.js';
import { openSpace } from './space.js';
import type { KernelSpace } from './space.js';
import { findToolchain } from './toolchain.js';
import type { Toolchain } from './toolchain.js';
import type { KernelSpec, SourceTree } from './types.js';

export interface Configuration {
  readonly source: SourceTree;
  readonly toolchain: Toolchain;
  /** The `.config`: its text, and where it is in the cache. */
  readonly text: string;
  readonly path: string;
}

const CONFIG = 'config';

/** Raised when the same requests give another `.config`. */
const FORMAT = '2';

/**
 * Makes the `.config` of a kernel.
 * @throws LupineError when a request did not take, naming who asked, what is in the way and the smallest
 * change that helps.
 */
export async function configureKernel(
  spec: Pick<KernelSpec, 'source' | 'options' | 'patches' | 'lenient'>,
  context: Context,
  options: SourceOptions = {},
): Promise<Configuration> {
  const [source, toolchain] = await Promise.all([
    prepareSource(spec.source, spec.patches, context, options),
    findToolchain(),
  ]);
  const wanted = formatFragment(spec.options);
  let space: Promise<KernelSpace> | undefined;
  const open = () => (space ??= openSpace(spec, context, options));
  const entry = await cached(
    join(cacheDirectory(), 'kernel', 'configs'),
    keyOf('config', FORMAT, source.key, toolchain.compiler, toolchain.linker, wanted),
    async (directory) => {
      const { space } = await open();
      const { status, written, output } = runTarget(space, {
        target: 'allnoconfig',
        read: (name) => (name === 'requests' ? wanted : undefined),
        environment: { KCONFIG_ALLCONFIG: 'requests' },
        silent: true,
      });
      if (status !== 0 || written === undefined) {
        throw new LupineError('the kernel cannot be configured', {
          where: output.map(({ text }) => text.trim()).join('; '),
          fix: 'check the requested options',
        });
      }
      await writeFile(join(directory, CONFIG), written);
    },
    context,
  );
  const path = join(entry, CONFIG);
  const text = await readFile(path, 'utf8');
  if (spec.lenient !== true) {
    await requireTaken(spec.options, parseConfig(text), open, context);
  }
  return { source, toolchain, text, path };
}
