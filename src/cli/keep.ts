/** `lupine keep`, hidden: the process that keeps a background VM. `lupine run -d` starts it. */

import { writeSync } from 'node:fs';
import { Command } from 'commander';
import type { KeeperMessage } from '../unikernel/detach.js';

export function keepCommand(): Command {
  return new Command('keep').argument('<id>').action(async (id: string) => {
    const { keep } = await import('../unikernel/keep.js');
    const { REPORT_DESCRIPTOR } = await import('../unikernel/detach.js');
    const say = (message: KeeperMessage) => {
      try {
        writeSync(REPORT_DESCRIPTOR, `${JSON.stringify(message)}\n`);
      } catch {
        // Who started us is gone, or has heard enough.
      }
    };
    await keep(id, {
      note: (note) => say({ note }),
      booted: () => say({ booted: true }),
      failed: ({ message, where, fix, exitCode }) => say({ failed: message, where, fix, exitCode }),
    });
    process.exit(0);
  });
}
