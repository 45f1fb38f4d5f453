/** A unikernel that is started, as an instance that others can see: what is written down of it. */

import * as v from 'valibot';
import type { NewInstance, RestartPolicy, StoredInstance } from '../instance/index.js';
import { LupineError } from '../support/errors.js';
import { parseSignal } from '../support/signals.js';
import { DescriptionSchema } from './bundle.js';
import { commandOf } from './settings.js';
import type { RunOptions, Unikernel } from './types.js';

const MIB = 1024 * 1024;

const SIGTERM = 15;

/** What a background VM does when it ends. */
export interface Life {
  readonly removeAtEnd: boolean;
  readonly restart: RestartPolicy;
}

/** What is started, and how. */
export interface Start {
  readonly unikernel: Unikernel;
  readonly options: RunOptions;
}

const StartSchema = v.object({
  unikernel: v.object({
    description: DescriptionSchema,
    files: v.object({
      kernel: v.string(),
      kernelConfig: v.string(),
      rootfs: v.string(),
      init: v.string(),
      features: v.string(),
    }),
  }),
  options: v.record(v.string(), v.unknown()),
});

/** @param life absent in the foreground. */
export function newInstance({ unikernel, options }: Start, life?: Life): NewInstance {
  const { description, files } = unikernel;
  return {
    name: options.name,
    image: description.image.reference,
    command: [...commandOf(description, options)],
    memoryMiB: memoryOf({ unikernel, options }),
    cpus: options.cpus ?? 1,
    foreground: life === undefined,
    removeAtEnd: life?.removeAtEnd ?? true,
    restart: life?.restart ?? { policy: 'no' },
    stopSignal: parseSignal(description.config.stopSignal) ?? SIGTERM,
    uses: [...Object.values(files), ...(options.mounts ?? []).map(({ image }) => image)],
    start: life === undefined ? null : { unikernel, options },
  };
}

/** MiB of the VM. */
export function memoryOf({ unikernel, options }: Start): number {
  return Math.ceil((options.memory ?? unikernel.description.memory) / MIB);
}

/** Whether what the application writes to its root is kept from one start to the next. */
export function keepsDisk({ unikernel, options }: Start, life: Life): boolean {
  const { format } = unikernel.description.rootfs;
  return format === 'ext2' && options.readOnly !== true && !life.removeAtEnd;
}

/** What is written down. @throws LupineError where it cannot be understood. */
export function readStart({ record }: StoredInstance): Start {
  const parsed = v.safeParse(StartSchema, record.start);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new LupineError('what this VM is started from cannot be read', {
      where: `${record.name}: ${v.getDotPath(issue) ?? ''} ${issue.message}`,
      fix: `remove it (lupine rm ${record.name}) and run it anew`,
    });
  }
  // The flags as they were given: what they may be is checked by who uses them.
  return parsed.output;
}
