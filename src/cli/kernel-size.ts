/** `lupine kernel size`: what a kernel takes, and for what; how two kernels differ in it. */

import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../support/context.js';
import { LupineError, isSystemError } from '../support/errors.js';
import type { SizeKey } from '../unikernel/index.js';
import { addAppFlag, addKernelFlags, kernelOptions } from './build-flags.js';
import { withContext } from './context.js';
import type { QuestionFlags } from './kernel-explain.js';
import { printJson } from './output.js';
import type { Style } from './style.js';

interface SizeFlags extends QuestionFlags {
  readonly by: SizeKey;
  readonly limit: number;
  readonly diff?: string[];
  readonly html?: string;
}

/** Flags that say which kernel: with --diff its names do. */
const choosing = ['app', 'profile', 'variant', 'with', 'feature', 'config'] as const;

export function sizeCommand(): Command {
  const command = new Command('size')
    .summary('show what a kernel takes, and for what')
    .description(
      `Show what a kernel takes of memory, by the options that its objects are there for, by directory (two
names of it: net/ipv4/, three below arch/), by object or by symbol. The kernel is built where it is not in
the cache. docs/size.md tells how to read it.

  lupine kernel size --app redis
  lupine kernel size --app redis --by directory --html redis.html
  lupine kernel size --diff lupine-base app:redis+tiny`,
    )
    .addOption(
      new Option('--by <what>', 'add up by this')
        .choices(['option', 'directory', 'object', 'symbol'])
        .default('option'),
    )
    .option('-n, --limit <n>', 'show this many rows, 0 for all', rows, 30)
    .option('--diff <kernels...>', 'compare two kernels, named as for `lupine kernel diff`')
    .option('--html <file>', 'write a page with a map of the kernel there')
    .option('--json', 'print JSON, with all rows')
    .option('-q, --quiet', 'show no progress');
  return addKernelFlags(addAppFlag(command)).action((flags: SizeFlags) =>
    withContext((context) => (flags.diff === undefined ? show : compare)(flags, context), flags),
  );
}

async function show(flags: SizeFlags, context: Context): Promise<void> {
  const { kernelObjects, kernelParts, sizedKernel } = await import('../unikernel/sizes.js');
  const options = await kernelOptions({ ...flags, variant: undefined });
  const choice = { apps: flags.app ?? [], variants: flags.variant ?? [], options };
  const kernel = await sizedKernel(choice, context);
  const parts = await kernelParts(kernel, flags.by);
  if (flags.html !== undefined) {
    const { sizePage } = await import('./size-page.js');
    await writePage(flags.html, sizePage(kernel, await kernelObjects(kernel)));
  }
  if (flags.json === true) {
    printJson({ kernel, ...parts });
    return;
  }
  await print(({ formatSizes }, style) => formatSizes(kernel, parts, flags.limit, style));
}

async function compare(flags: SizeFlags, context: Context): Promise<void> {
  const { compareKernels } = await import('../unikernel/sizes.js');
  const names = twoNames(flags);
  const options = await kernelOptions({ ...flags, variant: undefined });
  const changes = await compareKernels(names, flags.by, options, context);
  if (flags.json === true) {
    printJson(changes);
    return;
  }
  await print(({ formatSizeChanges }, style) => formatSizeChanges(changes, flags.limit, style));
}

/** @throws LupineError where the flags do not say what is compared. */
function twoNames(flags: SizeFlags): [string, string] {
  const [first, second, ...others] = flags.diff ?? [];
  if (first === undefined || second === undefined || others.length > 0) {
    throw new LupineError('two kernels are compared', {
      where: `--diff ${(flags.diff ?? []).join(' ')}`,
      fix: 'name two, e.g. --diff lupine-base app:redis',
    });
  }
  const other = choosing.find((name) => Object.hasOwn(flags, name));
  if (other !== undefined) {
    throw new LupineError('--diff names its kernels by itself', {
      where: `--${other}`,
      fix: 'name them as app:NAME, a profile, either with +VARIANT, or a file',
    });
  }
  if (flags.html !== undefined) {
    throw new LupineError('a map shows one kernel', {
      where: '--html with --diff',
      fix: 'leave one of them out',
    });
  }
  return [first, second];
}

async function print(
  format: (printer: typeof import('./print-size.js'), style: Style) => string,
): Promise<void> {
  const [printer, { outputStyle }] = await Promise.all([
    import('./print-size.js'),
    import('./style.js'),
  ]);
  process.stdout.write(format(printer, outputStyle()));
}

async function writePage(path: string, page: string): Promise<void> {
  try {
    await writeFile(path, page);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new LupineError('cannot write the page', {
      where: `${path} (${error.code ?? 'unknown'})`,
      fix: 'check the path and its permissions',
      cause: error,
    });
  }
}

function rows(value: string): number {
  if (!/^\d{1,9}$/.test(value))
    throw new InvalidArgumentError('expected a number of rows, 0 for all');
  return Number(value);
}
