/** `lupine kernel`: kernels by themselves, without an image. */

import { Command } from 'commander';
import type { Kernel } from '../kernel/index.js';
import { formatSize } from '../support/size.js';
import { addAppFlag, addKernelFlags, kernelOptions } from './build-flags.js';
import { withContext } from './context.js';
import { diffCommand } from './kernel-diff.js';
import { explainCommand } from './kernel-explain.js';
import { minimiseCommand } from './kernel-minimise.js';
import { sizeCommand } from './kernel-size.js';
import { whyNotCommand } from './kernel-why-not.js';
import { kmlCoverageCommand } from './kml-coverage.js';
import { printJson, printTable } from './output.js';

interface KernelFlags {
  readonly app?: string[];
  readonly variant?: string[];
  readonly output?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function kernelCommand(): Command {
  const command = new Command('kernel').summary('configure, explain, build and measure kernels');
  command.addCommand(buildKernelCommand());
  command.addCommand(configCommand());
  command.addCommand(explainCommand());
  command.addCommand(whyNotCommand());
  command.addCommand(diffCommand());
  command.addCommand(minimiseCommand());
  command.addCommand(kmlCoverageCommand());
  command.addCommand(sizeCommand());
  command.addCommand(listCommand());
  return command;
}

function buildKernelCommand(): Command {
  const command = new Command('build')
    .summary('build kernels')
    .description(
      `Build a kernel for each application and each variant, e.g. the paper's matrix:

  lupine kernel build --app base,redis,nginx --variant nokml,nokml-tiny`,
    )
    .option('-o, --output <dir>', 'copy vmlinux, bzImage, config and System.map there')
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'show no progress');
  return addKernelFlags(addAppFlag(command)).action(async (flags: KernelFlags) => {
    const { buildKernels, copyKernel } = await import('../unikernel/index.js');
    const options = await kernelOptions({ ...flags, variant: undefined });
    await withContext(async (context) => {
      const kernels = await buildKernels(flags.app ?? [], flags.variant ?? [], options, context);
      if (flags.output !== undefined) {
        for (const kernel of kernels) await copyKernel(kernel, flags.output, kernels.length > 1);
      }
      printKernels(kernels, flags.json === true);
    }, flags);
  });
}

function configCommand(): Command {
  const command = new Command('config')
    .summary('print the .config of a kernel')
    .option('--json', 'print the requests with their reasons as JSON')
    .option('-q, --quiet', 'show no progress');
  return addKernelFlags(addAppFlag(command)).action(async (flags: KernelFlags) => {
    const { kernelConfig } = await import('../unikernel/index.js');
    const options = await kernelOptions({ ...flags, variant: undefined });
    await withContext(async (context) => {
      const { text, requests } = await kernelConfig(
        flags.app ?? [],
        flags.variant ?? [],
        options,
        context,
      );
      if (flags.json === true) {
        printJson(requests);
        return;
      }
      process.stdout.write(text);
    }, flags);
  });
}

function listCommand(): Command {
  return new Command('ls')
    .summary('list the kernels in the cache')
    .option('--json', 'print JSON')
    .action(async (flags: { json?: boolean }) => {
      const { listKernels } = await import('../kernel/index.js');
      printKernels(await listKernels(), flags.json === true);
    });
}

function printKernels(kernels: readonly Kernel[], json: boolean): void {
  if (json) return printJson(kernels);
  printTable(
    [
      'kernel',
      'linux',
      'options',
      'elf',
      'bzimage',
      'text',
      'rodata',
      'data',
      'init',
      'bss',
      'path',
    ],
    kernels.map(({ label, version, report, vmlinux }) => [
      label,
      version,
      String(report.options),
      formatSize(report.elfBytes),
      formatSize(report.bzImageBytes),
      formatSize(report.sections.text),
      formatSize(report.sections.rodata),
      formatSize(report.sections.data),
      formatSize(report.sections.init),
      formatSize(report.sections.bss),
      vmlinux,
    ]),
  );
}
