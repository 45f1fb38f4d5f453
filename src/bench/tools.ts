/** The small C programs of `src/bench/tools`, compiled when they are needed. */

import { join } from 'node:path';
import { packageDirectory } from '../support/paths.js';
import { run } from '../support/process.js';

/** @returns the path of the program in `directory`. */
export async function compileTool(name: 'measure' | 'monitor', directory: string): Promise<string> {
  const output = join(directory, name);
  const source = join(packageDirectory, 'src/bench/tools', `${name}.c`);
  await run('cc', ['-O2', '-o', output, source], { install: 'apt-get install build-essential' });
  return output;
}

/** Our own command line, as a user would start it. */
export const lupine: readonly string[] = [
  process.execPath,
  join(packageDirectory, 'dist/cli/main.js'),
];
