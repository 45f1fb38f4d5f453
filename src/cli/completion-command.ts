/** `lupine completion`: the script for a shell. */

import { Argument, Command } from 'commander';
import { completionScript, shells, type Shell } from './completion.js';

export function completionCommand(program: () => Command): Command {
  return new Command('completion')
    .summary('print a shell completion script')
    .description('Print a completion script, e.g. for ~/.bashrc: source <(lupine completion bash)')
    .addArgument(new Argument('<shell>').choices(shells))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program(), shell));
    });
}
