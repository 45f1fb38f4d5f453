/** The road itself: an image becomes a unikernel, and a unikernel runs. */

export type { BuildOptions, Description, NetworkChoice, RunOptions, Unikernel } from './types.js';
export { build } from './build.js';
export { isBundle, readBundle, writeBundle } from './bundle.js';
export { buildKernels, copyKernel, kernelConfig, kernelSpecs } from './kernels.js';
export type { KernelChanges, KernelParts, SizeKey } from './sizes.js';
export type { KernelMinimised, OptionExplanation, OptionWhyNot } from './questions.js';
export { openUnikernel } from './open.js';
export { start, type RunningUnikernel } from './run.js';
export { startDetached, startAgain, type Life } from './detach.js';
