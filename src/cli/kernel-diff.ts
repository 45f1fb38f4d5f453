/** `lupine kernel diff`: how two kernel configurations differ. */

import { Command } from 'commander';
import { sourceOf } from './build-flags.js';
import { withContext } from './context.js';
import { printJson } from './output.js';

interface DiffFlags {
  readonly kernel?: string;
  readonly source?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function diffCommand(): Command {
  return new Command('diff')
    .summary('compare two kernel configurations')
    .description(
      `Compare two kernel configurations, by menu and by reason. Each is a profile (microvm, lupine-base,
lupine-general), an application (app:redis), either with variants (app:redis+tiny), or a file.

  lupine kernel diff lupine-base app:redis
  lupine kernel diff microvm my.config`,
    )
    .argument('<a>')
    .argument('<b>')
    .option('--kernel <version>', 'a line (6.12, 6.1) or an upstream version (6.12.30)')
    .option('--source <dir>', 'of this kernel source tree')
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'show no progress')
    .action(async (first: string, second: string, flags: DiffFlags) => {
      const { diffKernels } = await import('../unikernel/questions.js');
      const source = sourceOf(flags);
      await withContext(async (context) => {
        const options = source === undefined ? {} : { source };
        const menus = await diffKernels(first, second, options, context);
        if (flags.json === true) {
          printJson(menus);
          return;
        }
        const [{ formatDiff }, { outputStyle }] = await Promise.all([
          import('./print-diff.js'),
          import('./style.js'),
        ]);
        process.stdout.write(formatDiff(menus, outputStyle()));
      }, flags);
    });
}
