/** `lupine kernel explain`: all that is known of one option in one kernel. */

import { Command } from 'commander';
import { addAppFlag, addKernelFlags, kernelOptions } from './build-flags.js';
import { withContext } from './context.js';
import { printJson } from './output.js';

export interface QuestionFlags {
  readonly app?: string[];
  readonly variant?: string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function explainCommand(): Command {
  const command = new Command('explain')
    .summary('explain a kernel option')
    .description(
      `Explain a kernel option: its value and why, what it needs and what needs it, what it compiles and
which system calls it gives. In the kernel lupine-general, unless told otherwise:

  lupine kernel explain EPOLL --app redis
  lupine kernel explain NET --config my.config`,
    )
    .argument('<option>', 'its name, with or without CONFIG_')
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'show no progress');
  return addKernelFlags(addAppFlag(command)).action(async (name: string, flags: QuestionFlags) => {
    const { explainOption } = await import('../unikernel/questions.js');
    const options = await kernelOptions({ ...flags, variant: undefined });
    await withContext(async (context) => {
      const found = await explainOption(
        name,
        { apps: flags.app ?? [], variants: flags.variant ?? [], options },
        context,
      );
      if (flags.json === true) {
        printJson(found);
        return;
      }
      const [{ formatExplanation }, { outputStyle }] = await Promise.all([
        import('./print-explanation.js'),
        import('./style.js'),
      ]);
      process.stdout.write(formatExplanation(found, outputStyle()));
    }, flags);
  });
}
