/** What would make any monitor fail, looked at before one is started. */

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { LupineError } from '../support/errors.js';
import { inspectKernel } from './kernel-file.js';
import type { VmConfig } from './types.js';

const MIB = 1024 * 1024;

/** @throws LupineError for a disk that is missing, or that may not be used as asked. */
export async function checkFiles(vm: VmConfig): Promise<void> {
  await Promise.all(
    vm.disks.map(async ({ path, readOnly, snapshot }) => {
      const mode = readOnly || snapshot === true ? constants.R_OK : constants.R_OK | constants.W_OK;
      await access(path, mode).catch((cause: unknown) => {
        const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
        throw new LupineError(missing ? 'no such disk' : 'no permission for the disk', {
          where: path,
          cause,
        });
      });
    }),
  );
}

/** The kernel as it lies in memory, and the initrd above it, must fit; or the guest ends without a word. */
export async function checkMemory({ kernel, initrd, memoryMiB }: VmConfig): Promise<void> {
  const { end } = await inspectKernel(kernel);
  const initrdBytes = initrd === undefined ? 0 : (await initrdSize(initrd)).size;
  const needed = Math.ceil((end + initrdBytes) / MIB) + 1;
  if (memoryMiB >= needed) return;
  throw new LupineError('too little memory for the kernel', {
    where: `${memoryMiB} MiB for ${kernel}`,
    fix: `give the VM more than ${needed} MiB (-m)`,
  });
}

function initrdSize(path: string): Promise<{ size: number }> {
  return stat(path).catch((cause: unknown) => {
    throw new LupineError('cannot read the initrd', { where: path, cause });
  });
}
