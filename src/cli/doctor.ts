/** `lupine doctor`: what this machine has and lacks, and how to get it. */

import { Command } from 'commander';
import { withContext } from './context.js';
import { printJson, printTable } from './output.js';

export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('check this machine, and install what is missing')
    .description(
      'Check what this machine has and lacks for Lupine. Exits with 1 where the main road is broken.',
    )
    .option('--fix', 'install the missing packages (Debian, Ubuntu)')
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'print only what is wrong')
    .action(async (flags: { fix?: boolean; json?: boolean; quiet?: boolean }) => {
      const { examine, installMissing, systemName } = await import('../doctor/index.js');
      const line = '6.12';
      let checks = await examine(line);
      if (flags.fix === true && checks.some((check) => check.package !== undefined)) {
        await withContext((context) => installMissing(checks, context));
        checks = await examine(line);
      }
      const broken = checks.some(({ state }) => state === 'missing');
      process.exitCode = broken ? 1 : 0;
      if (flags.json === true) return printJson({ system: await systemName(), checks });
      const shown =
        flags.quiet === true ? checks.filter(({ state }) => state === 'missing') : checks;
      if (shown.length > 0) {
        printTable(
          ['state', 'what', 'detail', 'package'],
          shown.map((check) => [check.state, check.name, check.detail, check.package ?? '']),
        );
      }
      const lacking = [...new Set(checks.flatMap((check) => check.package ?? []))];
      if (lacking.length > 0 && flags.quiet !== true) {
        process.stdout.write(`\n\`lupine doctor --fix\` installs: ${lacking.join(' ')}\n`);
      }
    });
}
