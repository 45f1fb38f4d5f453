/** `lupine kernel minimise`: drop from a configuration what is not needed. */

import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { addAppFlag, addKernelFlags, kernelOptions } from './build-flags.js';
import { withContext } from './context.js';
import { list } from './flags.js';
import type { QuestionFlags } from './kernel-explain.js';
import { printJson } from './output.js';

interface MinimiseFlags extends QuestionFlags {
  readonly want?: string[];
  readonly output?: string;
}

export function minimiseCommand(): Command {
  const command = new Command('minimise')
    .summary('drop from a configuration what the wanted options do not need')
    .description(
      `Drop from a .config everything that the wanted options do not need. Wanted is what --want, --app and
--profile name. The .config that is left goes to standard output, or with -o to a file; the report of what
was dropped, and why it had been there, goes to the other.

  lupine kernel minimise distro.config --app redis -o redis.config`,
    )
    .argument('<config>', 'a .config')
    .option(
      '--want <list>',
      'options that must stay: OPTION or OPTION=VALUE (comma-separated)',
      list,
    )
    .option('-o, --output <file>', 'write the .config there')
    .option('--json', 'print the report as JSON; needs -o')
    .option('-q, --quiet', 'show no progress and no report');
  return addKernelFlags(addAppFlag(command)).action(async (path: string, flags: MinimiseFlags) => {
    const { minimiseConfig } = await import('../unikernel/questions.js');
    const options = await kernelOptions({ ...flags, variant: undefined });
    const wanted = (flags.want ?? []).map(wantedOption);
    await withContext(async (context) => {
      const choice = { apps: flags.app ?? [], variants: flags.variant ?? [], options };
      const found = await minimiseConfig(path, wanted, choice, context);
      const { text, ...report } = found;
      if (flags.output === undefined) process.stdout.write(text);
      else await writeFile(flags.output, text);
      if (flags.json === true && flags.output !== undefined) {
        printJson(report);
        return;
      }
      if (flags.quiet === true) return;
      const { formatMinimised } = await import('./print-minimised.js');
      const stream = flags.output === undefined ? process.stderr : process.stdout;
      stream.write(formatMinimised(found));
    }, flags);
  });
}

function wantedOption(word: string): { name: string; value?: string } {
  const [name = '', ...value] = word.split('=');
  return { name, ...(value.length === 0 ? {} : { value: value.join('=') }) };
}
