/** `lupine bench`: every experiment of the paper on this machine, as raw results and a report. */

import { Command } from 'commander';
import { withContext } from './context.js';
import { list, several } from './flags.js';
import { printTable } from './output.js';
import type { BenchFlags } from './bench-run.js';

export function benchCommand(): Command {
  const command = new Command('bench')
    .summary('measure what specialisation buys')
    .description(
      `Measure what a kernel made for one application saves, against kernels that were not: every
experiment of the paper, on this machine, with every run kept. Without names: all experiments.`,
    )
    .argument('[experiment...]')
    .option(
      '--app <list>',
      'applications of the catalogue (comma-separated); redis unless told',
      list,
    )
    .option(
      '--profiles <list>',
      'kernels to compare; microvm, lupine-general, lupine unless told',
      list,
    )
    .option('--variants <list>', 'how they are built; nokml, kml, tiny unless told', list)
    .option('--kernel <[name=]file>', 'compare with this kernel too (repeatable)', several)
    .option(
      '--config <[name=]file,...>',
      'compare with a kernel of this configuration too: files are merged (repeatable)',
      several,
    )
    .option('--runs <n>', 'rounds, instead of what each experiment takes')
    .option('--quick', 'fewer steps and rounds: about five minutes')
    .option('--seed <n>', 'repeat the order of an earlier evaluation')
    .option('-o, --out <dir>', 'where results and report go; lupine-bench unless told')
    .option('-l, --list', 'list the experiments')
    .option('-q, --quiet', 'show no progress');
  command.addCommand(compareCommand());
  return command.action(async (names: string[], flags: BenchFlags & { list?: boolean }) => {
    if (flags.list === true) return printExperiments();
    const { runBench } = await import('./bench-run.js');
    await withContext((context) => runBench(names, flags, context), flags);
  });
}

function compareCommand(): Command {
  return new Command('compare')
    .summary('what changed from one evaluation to another')
    .description(
      `Compare two evaluations: results.json files or their directories. A figure differs when it is
more than 1 % apart and, where runs vary, a rank test (adjusted for the number of figures) says so.`,
    )
    .argument('<old>')
    .argument('<new>')
    .option('--all', 'show figures that did not change too')
    .option('--json', 'print JSON')
    .action(async (before: string, after: string, flags: { all?: boolean; json?: boolean }) => {
      const { runCompare } = await import('./bench-run.js');
      await runCompare(before, after, flags);
    });
}

async function printExperiments(): Promise<void> {
  const { experiments } = await import('../evaluation/index.js');
  printTable(
    ['name', 'paper', 'description'],
    experiments.map(({ name, paper, description }) => [name, paper, description]),
  );
}
