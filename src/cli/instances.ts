/** What the verbs on VMs have in common: several names, each done or failed on its own. */

import type { StoredInstance } from '../instance/index.js';
import { LupineError } from '../support/errors.js';

/**
 * Does something to each VM named, all at once, and prints each name as docker does, in order. One that
 * fails does not keep the others from it; its reason goes to stderr and the status is 1 then.
 * @param work what it returns is printed; undefined: the name as it was given.
 */
export async function each(
  references: readonly string[],
  work: (reference: string) => Promise<string | undefined>,
): Promise<void> {
  const done = await Promise.allSettled(references.map(work));
  done.forEach((result, index) => {
    if (result.status === 'fulfilled') {
      process.stdout.write(`${result.value ?? references[index] ?? ''}\n`);
      return;
    }
    const error: unknown = result.reason;
    if (!(error instanceof LupineError)) throw error;
    process.stderr.write(`lupine: ${error.line}\n`);
    process.exitCode = 1;
  });
}

/** Does something to each VM found. */
export async function eachInstance(
  references: readonly string[],
  work: (instance: StoredInstance) => Promise<string | undefined>,
): Promise<void> {
  const { findInstance } = await import('../instance/store.js');
  await each(references, async (reference) => work(await findInstance(reference)));
}
