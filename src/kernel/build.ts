/**
 * From `.config` to a bootable kernel: compiled beside the source (`O=`), reproducible to the byte,
 * kept in the cache under the hash of everything that went in.
 */

import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../support/context.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { cacheDirectory, stateDirectory } from '../support/paths.js';
import { run } from '../support/process.js';
import type { Task } from '../support/progress.js';
import { cached, keyOf, temporaryDirectory } from '../support/store.js';
import { configureKernel } from './config.js';
import type { Configuration } from './config.js';
import { buildsDirectory, earlierBuilds, openKernel, writeRecord } from './built.js';
import { orDiskFull } from './disk-full.js';
import { featureTable } from './features.js';
import { ObjectCounter, expectObjects, firstError } from './make-output.js';
import { findOptions } from './object-options.js';
import { measureObjects, writeObjects } from './object-sizes.js';
import { countOptions, hasPvhEntry, measureSections } from './report.js';
import type { SourceOptions } from './source.js';
import { allOptionFacts } from './source-facts.js';
import type { Toolchain } from './toolchain.js';
import type { Kernel, KernelSpec } from './types.js';

/** Raised when this file changes what the same inputs give. */
const FORMAT = '2';

/** What would differ from build to build: see Documentation/kbuild/reproducible-builds.rst. */
const reproducible = {
  KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
  KBUILD_BUILD_USER: 'lupine',
  KBUILD_BUILD_HOST: 'lupine',
  KBUILD_BUILD_VERSION: '1',
  SOURCE_DATE_EPOCH: '0',
  LOCALVERSION: '',
  LC_ALL: 'C',
  TZ: 'UTC',
  MAKEFLAGS: '',
};

/**
 * Builds a kernel, or takes it from the cache. Two calls for the same kernel build it once, also
 * from two processes.
 * @throws LupineError when an option did not take, or with the compiler's first error and the path of the log.
 */
export async function buildKernel(
  spec: KernelSpec,
  context: Context,
  options: SourceOptions = {},
): Promise<Kernel> {
  const configuration = await configureKernel(spec, context, options);
  const entry = await cached(
    buildsDirectory(),
    kernelKey(configuration),
    (directory) => build(spec, configuration, directory, context),
    context,
  );
  return { ...(await openKernel(entry)), label: spec.label };
}

/** The kernel of this specification when it is in the cache; builds nothing. */
export async function findKernel(
  spec: KernelSpec,
  context: Context,
  options: SourceOptions = {},
): Promise<Kernel | undefined> {
  const configuration = await configureKernel(spec, context, options);
  try {
    const kernel = await openKernel(join(buildsDirectory(), kernelKey(configuration)));
    return { ...kernel, label: spec.label };
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function kernelKey({ source, toolchain, text }: Configuration): string {
  const { compiler, linker } = toolchain;
  return keyOf('kernel', FORMAT, source.key, text, compiler, linker, JSON.stringify(reproducible));
}

async function build(
  spec: KernelSpec,
  configuration: Configuration,
  directory: string,
  context: Context,
): Promise<void> {
  const { source, toolchain, text } = configuration;
  const started = Date.now();
  const output = await temporaryDirectory(join(cacheDirectory(), 'kernel', 'work'));
  const counter = new ObjectCounter(
    expectObjects(countOptions(text), await earlierBuilds(source.line)),
  );
  const task = context.progress.task(`compiling Linux ${source.version} for ${spec.label}`);
  try {
    await writeFile(join(output, '.config'), text);
    await compile(configuration, output, counter, task, context);
    await collect(output, directory, text);
    const [vmlinux, symbols] = await Promise.all([
      readFile(join(directory, 'vmlinux')),
      readFile(join(directory, 'System.map'), 'utf8'),
    ]);
    await writeFile(
      join(directory, 'features.json'),
      JSON.stringify(await featureTable(source, context)),
    );
    const optionOf = findOptions(await allOptionFacts(source, context), text);
    await writeObjects(
      join(directory, 'objects.json'),
      await measureObjects(output, symbols, optionOf),
    );
    await writeRecord(directory, {
      label: spec.label,
      version: source.version,
      line: source.line,
      origin: source.origin,
      objects: counter.done,
      report: {
        options: countOptions(text),
        elfBytes: vmlinux.length,
        bzImageBytes: (await stat(join(directory, 'bzImage'))).size,
        sections: measureSections(vmlinux, symbols),
        compiler: toolchain.compiler,
        buildSeconds: Math.round((Date.now() - started) / 100) / 10,
        pvh: hasPvhEntry(vmlinux),
      },
    });
  } catch (error) {
    task.fail();
    throw await orDiskFull(error, output);
  } finally {
    await rm(output, { recursive: true, force: true, maxRetries: 3 });
  }
  task.succeed();
}

async function compile(
  { source, toolchain, text }: Configuration,
  output: string,
  counter: ObjectCounter,
  task: Task,
  context: Context,
): Promise<void> {
  const lines: string[] = [];
  const { status } = await run(
    'make',
    [
      ...['-C', source.path, `O=${output}`, 'ARCH=x86_64', `-j${availableParallelism()}`],
      ...compilerArguments(toolchain, text, source.path, output),
      ...['vmlinux', 'bzImage'],
    ],
    {
      accept: [0, 1, 2],
      install: 'apt-get install make',
      env: { ...reproducible, ...ccacheEnvironment() },
      onLine: (line) => {
        lines.push(line);
        const amount = counter.see(line);
        if (amount !== undefined) task.update(amount);
      },
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    },
  );
  if (status === 0) return;
  const reason = firstError(lines).replaceAll(`${source.path}/`, '');
  const log = await keepLog(lines, output);
  throw new LupineError('the kernel does not compile', {
    where: reason,
    fix: reason.includes('not found')
      ? 'apt-get install build-essential flex bison bc libelf-dev libssl-dev'
      : `the whole log is ${log}`,
  });
}

function compilerArguments(
  toolchain: Toolchain,
  config: string,
  source: string,
  output: string,
): string[] {
  const compilers = toolchain.ccache ? ['CC=ccache gcc', 'HOSTCC=ccache gcc'] : [];
  // Only debug information holds absolute paths, and by the hash of the build they reach the
  // stripped kernel. Without it the flags would only keep ccache from finding its objects.
  if (!config.includes('\nCONFIG_DEBUG_INFO=y\n')) return compilers;
  const maps = [`-ffile-prefix-map=${output}=.`, `-ffile-prefix-map=${source}=.`].join(' ');
  return [...compilers, `KCFLAGS=${maps}`, `KAFLAGS=${maps}`];
}

/**
 * Lets objects be found again although each build has its own output directory. CCACHE_BASEDIR would
 * do more, but it rewrites the paths that the kernel's -fmacro-prefix-map expects: `__FILE__` would differ.
 */
function ccacheEnvironment(): Record<string, string> {
  return {
    CCACHE_NOHASHDIR: '1',
    CCACHE_BASEDIR: '',
    // Generated headers are always younger than the compilation; nobody else writes them.
    CCACHE_SLOPPINESS: 'include_file_mtime,include_file_ctime',
  };
}

async function collect(output: string, directory: string, config: string): Promise<void> {
  const used = await readFile(join(output, '.config'), 'utf8');
  // The kernel's own program has read it: a difference is a fault of src/kconfig/.
  if (used !== config) throw new Error(`the build changed its .config: ${output}`);
  await run('strip', ['--strip-all', '-o', join(directory, 'vmlinux'), join(output, 'vmlinux')]);
  await copyFile(join(output, 'arch/x86/boot/bzImage'), join(directory, 'bzImage'));
  await copyFile(join(output, 'System.map'), join(directory, 'System.map'));
  await writeFile(join(directory, 'config'), config);
}

async function keepLog(lines: readonly string[], output: string): Promise<string> {
  const directory = join(stateDirectory(), 'logs');
  const path = join(directory, `kernel-${keyOf(output).slice(0, 12)}.log`);
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(path, `${lines.join('\n')}\n`);
    return path;
  } catch {
    return 'lost: it could not be written';
  }
}
