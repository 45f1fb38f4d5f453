/** Flags shared by the commands that make kernels and unikernels, and what they mean to the library. */

import type { Command, OptionValues } from 'commander';
import type { PullPolicy } from '../image/index.js';
import type { SourceSpec } from '../kernel/index.js';
import type { BuildOptions } from '../unikernel/index.js';
import { addPullFlag, kernelOption, list, several } from './flags.js';

/** What {@link addKernelFlags} leaves in a command's options. */
interface KernelFlags {
  readonly profile?: string;
  readonly variant?: string[];
  readonly with?: { name: string; value: string }[];
  readonly feature?: string[];
  readonly config?: string[];
  readonly kernel?: string;
  readonly source?: string;
}

/** What {@link addImageFlags} leaves in a command's options. */
interface ImageFlags {
  readonly app?: string;
  readonly format?: string;
  readonly include?: string[];
  readonly pull?: PullPolicy;
}

/** Flags that choose a kernel. */
export function addKernelFlags(command: Command): Command {
  return command
    .option('--profile <name>', 'kernel profile: lupine, lupine-base, lupine-general or microvm')
    .option('--variant <list>', 'how the kernel is built: tiny, smp (comma-separated)', list)
    .option(
      '--with <option>',
      'add a Kconfig option, e.g. EPOLL or LOG_BUF_SHIFT=17 (repeatable)',
      kernelOption,
    )
    .option(
      '--feature <list>',
      'what the kernel can do beyond what is derived: net, dhcp, tty, rng, mitigations',
      list,
    )
    .option('--config <file>', 'merge a kernel configuration fragment last (repeatable)', several)
    .option('--kernel <version>', 'a line (6.12, 6.1) or an upstream version (6.12.30)')
    .option('--source <dir>', 'build from this kernel source tree');
}

/** The flag that names applications of the catalogue. */
export function addAppFlag(command: Command): Command {
  return command.option(
    '--app <list>',
    'applications of the catalogue, or `base` (comma-separated)',
    list,
  );
}

/** Flags that make an image of what the user names. */
export function addImageFlags(command: Command): Command {
  return addPullFlag(command)
    .option(
      '--app <name>',
      "the application's name in the catalogue, where its image does not tell",
    )
    .option('--format <format>', 'root file system: ext2, squashfs, erofs or initramfs')
    .option(
      '--include <path>',
      'with a program of this machine: add PATH or SRC:DST (repeatable)',
      several,
    );
}

/** The library's build options of both sets of flags. */
export async function buildOptions(options: OptionValues): Promise<BuildOptions> {
  const flags = options as KernelFlags & ImageFlags;
  const { parseFormat } = await import('../rootfs/index.js');
  return {
    ...(await kernelOptions(options)),
    ...(flags.app === undefined ? {} : { app: flags.app }),
    ...(flags.format === undefined ? {} : { format: parseFormat(flags.format) }),
    ...(flags.include === undefined ? {} : { include: flags.include }),
    ...(flags.pull === undefined ? {} : { pull: flags.pull }),
  };
}

/** The library's build options of the kernel's flags alone. */
export async function kernelOptions(options: OptionValues): Promise<BuildOptions> {
  const flags = options as KernelFlags;
  const { parseProfile, parseVariants } = await import('../kernel/index.js');
  const source = sourceOf(flags);
  return {
    ...(flags.profile === undefined ? {} : { profile: parseProfile(flags.profile) }),
    ...(flags.variant === undefined ? {} : { variants: flags.variant.flatMap(parseVariants) }),
    ...(flags.with === undefined ? {} : { with: flags.with }),
    ...(flags.feature === undefined ? {} : { features: flags.feature }),
    ...(flags.config === undefined ? {} : { configFiles: flags.config }),
    ...(source === undefined ? {} : { source }),
  };
}

/** `--source DIR`, `--kernel 6.1`, `--kernel 6.12.30`. */
export function sourceOf(flags: { kernel?: string; source?: string }): SourceSpec | undefined {
  if (flags.source !== undefined) return { kind: 'tree', path: flags.source };
  if (flags.kernel === undefined) return undefined;
  return /^\d+\.\d+$/.test(flags.kernel)
    ? { kind: 'line', line: flags.kernel }
    : { kind: 'version', version: flags.kernel };
}
