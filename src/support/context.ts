/** What every long operation is handed: where to show progress, and when to stop. */

import type { Progress } from './progress.js';

export interface Context {
  readonly progress: Progress;
  /** Notes tell also what is expected and harmless. */
  readonly verbose?: boolean;
  /** Aborted by Ctrl-C: stop soon, leave nothing behind, reject with the signal's reason. */
  readonly signal?: AbortSignal;
}
