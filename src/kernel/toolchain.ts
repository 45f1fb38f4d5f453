/** The compiler and linker a kernel is built with: a part of its identity. */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from '../support/process.js';

export interface Toolchain {
  /** `gcc (Debian 12.2.0-14) 12.2.0` */
  readonly compiler: string;
  /** `GNU ld (GNU Binutils for Debian) 2.40` */
  readonly linker: string;
  /** ccache(1) is installed and not turned off by CCACHE_DISABLE. */
  readonly ccache: boolean;
}

const INSTALL = 'apt-get install build-essential flex bison bc libelf-dev libssl-dev';

/** Looks at this machine. @throws LupineError when compiler or linker is missing. */
export async function findToolchain(): Promise<Toolchain> {
  const [compiler, linker] = await Promise.all(
    ['gcc', 'ld'].map(async (program) => {
      const { stdout } = await run(program, ['--version'], {
        install: INSTALL,
        env: { LC_ALL: 'C' },
      });
      return stdout.split('\n')[0] ?? '';
    }),
  );
  const ccache = process.env['CCACHE_DISABLE'] === undefined && isInstalled('ccache');
  return { compiler: compiler ?? '', linker: linker ?? '', ccache };
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .some((directory) => directory !== '' && existsSync(join(directory, program)));
}
