/** Monitors: start a VM, talk to its serial console, know how it ended; and which accelerator works. */

export type * from './types.js';
export { firecrackerMonitor } from './firecracker.js';
export { qemuMonitor } from './qemu.js';
export { openMonitor } from './open.js';
export { checkPorts, portError } from './ports.js';
export { monitorNames } from './capabilities.js';
export {
  bootProof,
  chooseAccelerator,
  type BootProof,
  type Choice,
  type ChooseOptions,
} from './accelerator.js';
