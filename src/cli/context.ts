/** The context of one command: progress on stderr, and Ctrl-C or SIGTERM as an abort. */

import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { quietProgress, terminalProgress } from '../support/progress.js';

const STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Runs a command's work. The first signal aborts it, so that it cleans up; a second one ends at once.
 * @param quiet no progress, for `--quiet`.
 */
export async function withContext<T>(
  work: (context: Context) => Promise<T>,
  options: { quiet?: boolean | undefined } = {},
): Promise<T> {
  const controller = new AbortController();
  const handlers = Object.entries(STATUS).map(([signal, exitCode]) => {
    const handler = () => {
      if (controller.signal.aborted) process.exit(exitCode);
      controller.abort(new LupineError('interrupted', { exitCode }));
    };
    process.on(signal, handler);
    return { signal, handler };
  });
  try {
    const progress = options.quiet === true ? quietProgress() : terminalProgress();
    return await work({ progress, signal: controller.signal });
  } finally {
    for (const { signal, handler } of handlers) process.off(signal, handler);
  }
}
