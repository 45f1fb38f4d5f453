/** `lupine kernel kml-coverage`: which system call sites of a program a kernel with KML patches. */

import { Command } from 'commander';
import { withContext } from './context.js';
import { printJson } from './output.js';

interface CoverageFlags {
  readonly sites?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function kmlCoverageCommand(): Command {
  return new Command('kml-coverage')
    .summary('count the system call sites of programs that KML patches')
    .description(
      `Disassemble x86-64 programs and libraries, and tell which of their system call sites a kernel of the
variant kml patches, and what the others look like. With a program come its interpreter and libraries.

  lupine kernel kml-coverage /usr/bin/redis-server
  lupine kernel kml-coverage --sites /lib/ld-musl-x86_64.so.1`,
    )
    .argument('<file...>', 'programs or libraries')
    .option('--sites', 'list each site')
    .option('--json', 'print JSON, with each site')
    .option('-q, --quiet', 'show no progress')
    .action(async (paths: string[], flags: CoverageFlags) => {
      const [{ kmlCoverage }, { coverageText, coverageJson }, { syscallNames }] = await Promise.all(
        [
          import('../unikernel/kml-coverage.js'),
          import('./print-kml-coverage.js'),
          import('../kernel/kml/syscall-names.js'),
        ],
      );
      await withContext(async (context) => {
        const files = await kmlCoverage(paths, context);
        const names = await syscallNames();
        if (flags.json === true) {
          printJson(coverageJson(files, names));
          return;
        }
        process.stdout.write(coverageText(files, names, flags.sites === true));
      }, flags);
    });
}
