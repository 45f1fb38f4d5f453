/** Running microVMs: started with settings, spoken to over their console. */

export { exitStatus, GuestConsole, type GuestEnd } from './console.js';
export type { GuestMessage, KernelLine } from './frames.js';
export type { GuestSettings } from './settings.js';
export {
  instanceDirectory,
  probe,
  startInstance,
  type Instance,
  type InstanceConfig,
  type InstanceEnd,
} from './start.js';
