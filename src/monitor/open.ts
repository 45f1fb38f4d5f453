/** The monitors by their names; each is loaded when it is wanted. */

import type { Monitor, MonitorName } from './types.js';

/**
 * @param program its path, where that is not the one on PATH.
 * @throws LupineError when it is not on this machine.
 */
export async function openMonitor(name: MonitorName, program?: string): Promise<Monitor> {
  switch (name) {
    case 'qemu':
      return (await import('./qemu.js')).qemuMonitor();
    case 'firecracker':
      return (await import('./firecracker.js')).firecrackerMonitor(program);
  }
}
