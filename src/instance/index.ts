/** MicroVMs: started with settings, spoken to over their console, kept, and known to all by files. */

export { exitStatus, GuestConsole, type GuestEnd } from './console.js';
export type { GuestMessage, KernelLine } from './frames.js';
export type { GuestSettings } from './settings.js';
export {
  probe,
  startInstance,
  type Instance,
  type InstanceConfig,
  type InstanceEnd,
} from './start.js';
export { endingOf, Keeper, takeOver, type Boot, type Ending, type KeptVm } from './keeper.js';
export { LogWriter } from './log.js';
export { files, type RestartPolicy } from './record.js';
export { removeInstance, scratchDirectory, writeState } from './change.js';
export { createInstance, type NewInstance } from './create.js';
export { listInstances } from './store.js';
export { isKept, NoSuchInstance, type StoredInstance } from './stored.js';
