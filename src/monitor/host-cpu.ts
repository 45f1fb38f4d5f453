/** What the host's processor tells about itself. */

import { open } from 'node:fs/promises';
import { existsSync } from 'node:fs';

/** The first processor's part of /proc/cpuinfo, which takes long to read whole on a big machine. */
async function firstProcessor(): Promise<string> {
  const file = await open('/proc/cpuinfo', 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8192), 0, 8192, 0);
    return buffer.toString('latin1', 0, bytesRead).split('\n\n')[0] ?? '';
  } finally {
    await file.close();
  }
}

/** E.g. `AMD EPYC 9B14`; empty when the host does not say. */
export async function cpuModel(): Promise<string> {
  return /^model name\s*:\s*(.+)$/m.exec(await firstProcessor())?.[1] ?? '';
}

/** The time stamp counter's rate in kHz, where the host states it exactly. */
export async function hostTscKhz(): Promise<number | undefined> {
  if (existsSync('/sys/devices/system/cpu/cpu0/cpufreq')) return undefined;
  return tscKhz(await firstProcessor());
}

/**
 * The rate in a /proc/cpuinfo entry. "cpu MHz" is the counter's own rate only where the frequency
 * cannot vary or be measured: in a VM. Elsewhere it is a sample of the moment.
 */
export function tscKhz(entry: string): number | undefined {
  const flags = new Set(/^flags\s*:\s*(.+)$/m.exec(entry)?.[1]?.split(' '));
  if (!flags.has('hypervisor') || !flags.has('constant_tsc') || flags.has('aperfmperf')) {
    return undefined;
  }
  const mhz = Number(/^cpu MHz\s*:\s*(\d+\.\d+)$/m.exec(entry)?.[1]);
  return mhz > 0 ? Math.round(mhz * 1000) : undefined;
}
