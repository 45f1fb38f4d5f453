/** Kernels without an image: the matrix of applications and variants, from profiles or config files. */

import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildKernel,
  composeOptions,
  configureKernel,
  defaultSource,
  parseVariants,
  lineOf,
  type Kernel,
  type KernelSpec,
  type OptionRequest,
} from '../kernel/index.js';
import { loadCatalogue, loadManifest } from '../manifest/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { specialise } from './specialise.js';
import type { BuildOptions } from './types.js';

/** What all kernels of a matrix share: their variants are the matrix's own. */
export type MatrixOptions = Omit<BuildOptions, 'variants'>;

/** Builds a kernel for each application and each variant (`tiny`, `nokml-tiny`), in that order. */
export async function buildKernels(
  apps: readonly string[],
  variants: readonly string[],
  options: MatrixOptions,
  context: Context,
): Promise<Kernel[]> {
  const kernels: Kernel[] = [];
  for (const spec of await kernelSpecs(apps, variants, options)) {
    kernels.push(await buildKernel(spec, context));
  }
  return kernels;
}

/** The `.config` of one kernel, and who asked for what. */
export async function kernelConfig(
  apps: readonly string[],
  variants: readonly string[],
  options: MatrixOptions,
  context: Context,
): Promise<{ text: string; requests: readonly OptionRequest[] }> {
  const [spec, ...others] = await kernelSpecs(apps, variants, options);
  if (spec === undefined || others.length > 0) {
    throw new LupineError('the configuration of one kernel at a time', {
      fix: 'name one --app and one --variant; a hyphen joins variants: smp-tiny',
    });
  }
  const { text } = await configureKernel(spec, context);
  return { text, requests: spec.options };
}

/** Copies what a user may want of a kernel; into a directory of its own where there are several. */
export async function copyKernel(kernel: Kernel, output: string, several: boolean): Promise<void> {
  const directory = several ? join(output, kernel.label) : output;
  await mkdir(directory, { recursive: true });
  await copyFile(kernel.vmlinux, join(directory, 'vmlinux'));
  await copyFile(kernel.bzImage, join(directory, 'bzImage'));
  await copyFile(kernel.config, join(directory, 'config'));
  await copyFile(kernel.systemMap, join(directory, 'System.map'));
}

/** What is to be built for each application and each variant. */
export async function kernelSpecs(
  apps: readonly string[],
  variants: readonly string[],
  options: MatrixOptions,
): Promise<KernelSpec[]> {
  const builds = variants.length > 0 ? variants.map(parseVariants) : [undefined];
  if (apps.length === 0 && options.profile === undefined && options.configFiles !== undefined) {
    return Promise.all(builds.map((variant) => fromFiles({ ...options, variants: variant ?? [] })));
  }
  // Without an application the profile alone says what is built.
  const names = apps.length > 0 ? apps : [undefined];
  return Promise.all(
    names.flatMap((name) =>
      builds.map(async (variant) => {
        const base = name === 'base' || (name === undefined && options.profile === 'lupine-base');
        const application = name === undefined || base ? undefined : await loadManifest(name);
        const { spec } = await specialise({
          catalogue: loadCatalogue,
          application,
          rootfsOptions: [],
          options: {
            ...options,
            ...(base ? { profile: 'lupine-base' as const } : {}),
            ...(variant === undefined ? {} : { variants: variant }),
          },
        });
        return spec;
      }),
    ),
  );
}

/** The files alone, in order: no profile stands behind them. */
async function fromFiles(options: BuildOptions): Promise<KernelSpec> {
  const source = options.source ?? defaultSource;
  const { options: composed, patches } = await composeOptions({
    line: await lineOf(source),
    variants: options.variants ?? [],
    application: (options.with ?? []).map((option) => ({ ...option, from: '--with' })),
    configFiles: options.configFiles ?? [],
  });
  return {
    source,
    options: composed,
    patches,
    label: ['config', ...(options.variants ?? [])].join('-'),
  };
}
