/**
 * From requests to `.config`: the kernel's own `conf --allnoconfig` decides, given the requests by
 * KCONFIG_ALLCONFIG; then every request is compared with what came out.
 */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { cacheDirectory } from '../support/paths.js';
import { run } from '../support/process.js';
import { cached, keyOf, temporaryDirectory } from '../support/store.js';
import { requireTaken } from './check.js';
import { orDiskFull } from './disk-full.js';
import { formatFragment, parseConfig } from './fragment.js';
import { prepareSource } from './source.js';
import type { SourceOptions } from './source.js';
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

/**
 * Makes the `.config` of a kernel.
 * @throws LupineError when a request did not take, naming who asked and what it depends on.
 */
export async function configureKernel(
  spec: Pick<KernelSpec, 'source' | 'options' | 'patches'>,
  context: Context,
  options: SourceOptions = {},
): Promise<Configuration> {
  const [source, toolchain] = await Promise.all([
    prepareSource(spec.source, spec.patches, context, options),
    findToolchain(),
  ]);
  const wanted = formatFragment(spec.options);
  const key = keyOf('config', source.key, toolchain.compiler, toolchain.linker, wanted);
  const entry = await cached(
    join(cacheDirectory(), 'kernel', 'configs'),
    key,
    (directory) => configure(source, toolchain, wanted, directory, context),
    context,
  );
  const path = join(entry, CONFIG);
  const text = await readFile(path, 'utf8');
  await requireTaken(spec.options, parseConfig(text), source.path, context);
  return { source, toolchain, text, path };
}

async function configure(
  source: SourceTree,
  toolchain: Toolchain,
  wanted: string,
  directory: string,
  context: Context,
): Promise<void> {
  const output = await outputDirectory(source, toolchain, context);
  try {
    const fragment = join(directory, 'requests');
    await writeFile(fragment, wanted);
    await allnoconfig(source, output, fragment, context);
    await writeFile(join(directory, CONFIG), await readFile(join(output, '.config')));
  } catch (error) {
    throw await orDiskFull(error, output);
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

/**
 * A new build directory (make's `O=`) in which the configuration program is already compiled; the
 * caller removes it.
 */
export async function outputDirectory(
  source: SourceTree,
  toolchain: Toolchain,
  context: Context,
): Promise<string> {
  const tools = await cached(
    join(cacheDirectory(), 'kernel', 'tools'),
    keyOf('tools', source.key, source.path, toolchain.compiler),
    async (directory) => {
      await allnoconfig(source, directory, '/dev/null', context);
      await rm(join(directory, '.config'));
    },
    context,
  );
  const output = await temporaryDirectory(join(cacheDirectory(), 'kernel', 'work'));
  await run('cp', ['--archive', `${tools}/.`, output]);
  return output;
}

async function allnoconfig(
  source: SourceTree,
  output: string,
  fragment: string,
  context: Context,
): Promise<void> {
  const { status, stderr, stdout } = await run(
    'make',
    [
      '-C',
      source.path,
      `O=${output}`,
      'ARCH=x86_64',
      `KCONFIG_ALLCONFIG=${fragment}`,
      'allnoconfig',
    ],
    {
      accept: [0, 1, 2],
      install: 'apt-get install make',
      env: { LC_ALL: 'C', MAKEFLAGS: '' },
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    },
  );
  if (status === 0) return;
  const lines = `${stderr}\n${stdout}`.split('\n').filter((line) => line.trim() !== '');
  const reason = lines.find((line) => /not found|error:|No space/.test(line)) ?? lines[0];
  throw new LupineError('the kernel cannot be configured', {
    where: reason ?? source.path,
    fix: /not found/.test(reason ?? '')
      ? 'apt-get install build-essential flex bison bc'
      : 'check the source tree and the free disk space',
  });
}
