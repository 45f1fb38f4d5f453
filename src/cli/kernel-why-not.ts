/** `lupine kernel why-not`: what keeps an option from being on, and the smallest change that helps. */

import { Command } from 'commander';
import { addAppFlag, addKernelFlags, kernelOptions } from './build-flags.js';
import { withContext } from './context.js';
import { kernelOption } from './flags.js';
import type { QuestionFlags } from './kernel-explain.js';
import { printJson } from './output.js';

export function whyNotCommand(): Command {
  const command = new Command('why-not')
    .summary('tell what keeps a kernel option off, and how to turn it on')
    .description(
      `Tell what keeps a kernel option from a value (y, unless told otherwise), and the smallest change that
gives it, as a fragment for --config. The status is 1 where nothing can give it.

  lupine kernel why-not VIRTIO_NET --profile lupine-base
  lupine kernel why-not SMP=n --config my.config`,
    )
    .argument('<option>', 'OPTION or OPTION=VALUE')
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'show no progress');
  return addKernelFlags(addAppFlag(command)).action(async (word: string, flags: QuestionFlags) => {
    const { whyNotOption } = await import('../unikernel/questions.js');
    const options = await kernelOptions({ ...flags, variant: undefined });
    const [wanted] = kernelOption(word);
    if (wanted === undefined) return;
    await withContext(async (context) => {
      const found = await whyNotOption(
        wanted,
        { apps: flags.app ?? [], variants: flags.variant ?? [], options },
        context,
      );
      if (found.whyNot.fix.kind === 'impossible') process.exitCode = 1;
      if (flags.json === true) {
        printJson(found);
        return;
      }
      const [{ formatWhyNot }, { outputStyle }] = await Promise.all([
        import('./print-why-not.js'),
        import('./style.js'),
      ]);
      process.stdout.write(formatWhyNot(found, outputStyle()));
    }, flags);
  });
}
