/** File trees as disks and archives that a kernel can mount: the public face of `rootfs/`. */

export { buildRootfs, cachedRootfs } from './build.js';
export { APPLICATION_PREFIX, cpioArchive, type CpioFile } from './cpio.js';
export { kernelOptions } from './requirements.js';
export {
  parseFormat,
  rootfsFormats,
  type Rootfs,
  type RootfsFormat,
  type RootfsOptions,
} from './types.js';
