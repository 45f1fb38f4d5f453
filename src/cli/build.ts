/** `lupine build`: an image as a bundle, a directory that `lupine run` starts anywhere. */

import { Command } from 'commander';
import { addImageFlags, addKernelFlags, buildOptions } from './build-flags.js';
import { withContext } from './context.js';
import { printUnikernel } from './print-unikernel.js';

interface BuildFlags {
  readonly output?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function buildCommand(): Command {
  const command = new Command('build')
    .summary('make a unikernel of an image')
    .description(
      `Make a unikernel of an image: its kernel, its root file system, and how to start it.

With -o a bundle is written: a directory that \`lupine run\` starts, here or elsewhere.`,
    )
    .argument('<image>')
    .option('-o, --output <dir>', 'write a bundle there; it must not exist or be empty')
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'show no progress');
  addKernelFlags(command);
  addImageFlags(command);
  return command.action(async (image: string, flags: BuildFlags) => {
    const { build, writeBundle } = await import('../unikernel/index.js');
    const options = await buildOptions(flags);
    await withContext(async (context) => {
      const unikernel = await build(image, options, context);
      if (flags.output !== undefined) await writeBundle(unikernel, flags.output, context);
      printUnikernel(unikernel, flags.output, flags.json === true);
    }, flags);
  });
}
