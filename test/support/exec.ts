/** Programs of the host, run to their end. */

import { execFile, type ExecFileOptions } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a program printed. @throws with its stderr when it fails. */
export async function exec(
  program: string,
  args: readonly string[],
  options: ExecFileOptions = {},
): Promise<string> {
  const { stdout } = await run(program, args, {
    maxBuffer: 64 << 20,
    ...options,
    encoding: 'utf8',
  });
  return stdout;
}
