/** `lupine image`: look at an image, or make a root file system of it. */

import { Command } from 'commander';
import type { OpenOptions, PullPolicy } from '../image/index.js';
import { formatSize } from '../support/size.js';
import { withContext } from './context.js';
import { addPullFlag, several } from './flags.js';
import { printFields, printJson } from './output.js';

export function imageCommand(): Command {
  const command = new Command('image').summary('inspect images and make root file systems of them');
  command.addCommand(inspectCommand());
  command.addCommand(rootfsCommand());
  return command;
}

interface ImageFlags {
  readonly include?: string[];
  readonly pull?: PullPolicy;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

function openOptions({ include = [], pull }: ImageFlags): OpenOptions {
  return { include, ...(pull === undefined ? {} : { pull }) };
}

function inspectCommand(): Command {
  return addPullFlag(new Command('inspect'))
    .summary('show what an image holds and how it is started')
    .argument('<image>')
    .option('--include <path>', 'with a program of this machine: add PATH or SRC:DST', several)
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'show no progress')
    .action(async (reference: string, flags: ImageFlags) => {
      const { openImage } = await import('../image/index.js');
      await withContext(async (context) => {
        const image = await openImage(reference, openOptions(flags), context);
        const { tree, config, ...rest } = image;
        const summary = {
          ...rest,
          config,
          files: tree.entryCount,
          contentBytes: tree.contentBytes,
          treeDigest: tree.digest,
        };
        if (flags.json === true) {
          printJson(summary);
          return;
        }
        printFields([
          ['Reference', image.reference],
          ['Source', image.kind],
          ['Digest', image.digest],
          ['Architecture', image.architecture],
          [
            'Layers',
            `${image.layers.length} (${formatSize(image.layers.reduce((sum, layer) => sum + layer.size, 0))})`,
          ],
          ['Files', `${tree.entryCount} (${formatSize(tree.contentBytes)})`],
          ['Entrypoint', JSON.stringify(config.entrypoint)],
          ['Command', JSON.stringify(config.cmd)],
          ['User', config.user === '' ? 'root' : config.user],
          ['Directory', config.workingDir],
          ['Ports', config.exposedPorts.join(', ')],
          ['Volumes', config.volumes.join(', ')],
          ['Environment', config.env.join(' ')],
        ]);
      }, flags);
    });
}

interface RootfsFlags extends ImageFlags {
  readonly output: string;
  readonly format?: string;
}

function rootfsCommand(): Command {
  return addPullFlag(new Command('rootfs'))
    .summary('make a root file system of an image')
    .argument('<image>')
    .requiredOption('-o, --output <file>', 'the file to write')
    .option('--format <format>', 'ext2, squashfs, erofs or initramfs', 'ext2')
    .option('--include <path>', 'with a program of this machine: add PATH or SRC:DST', several)
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'show no progress')
    .action(async (reference: string, flags: RootfsFlags) => {
      const { openImage } = await import('../image/index.js');
      const { buildRootfs, parseFormat } = await import('../rootfs/index.js');
      const format = parseFormat(flags.format ?? 'ext2');
      await withContext(async (context) => {
        const image = await openImage(reference, openOptions(flags), context);
        const rootfs = await buildRootfs(image.tree, { format }, flags.output, context);
        if (flags.json === true) {
          printJson(rootfs);
          return;
        }
        printFields([
          ['File', rootfs.path],
          ['Format', rootfs.format],
          ['Size', formatSize(rootfs.bytes)],
          ['Kernel options', rootfs.options.join(' ')],
        ]);
      }, flags);
    });
}
