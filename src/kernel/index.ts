/** Linux, from source to a bootable kernel: sources, patches, profiles, compilation, cache. */

export { composeOptions, linuxDirectory, parseProfile, parseVariants } from './compose.js';
export type { ComposeInput, Composition, Override } from './compose.js';
export { configureKernel } from './config.js';
export type { Configuration } from './config.js';
export { buildKernel, findKernel } from './build.js';
export { listKernels } from './built.js';
export { addUp, compareCosts, costKeys, costsBy, directoryOf, totalOf } from './costs.js';
export type { Cost, CostChange, CostKey } from './costs.js';
export { featureTable, missingFeatureOption, optionsFor } from './features.js';
export type { Feature, FeatureTable } from './features.js';
export { bytesOf, readObjects } from './object-sizes.js';
export type { ObjectSize } from './object-sizes.js';
export { findSourcePackage, lineOf, prepareSource } from './source.js';
export type { SourceOptions } from './source.js';
export { findMissingSyscalls, readFeatures } from './syscalls.js';
export type { MissingSyscall } from './syscalls.js';
export { measureSymbols } from './symbols.js';
export type { SymbolSize } from './symbols.js';
export { defaultSource, profiles, variants } from './types.js';
export type {
  Kernel,
  KernelReport,
  KernelSpec,
  OptionRequest,
  Profile,
  SectionSizes,
  SourceSpec,
  SourceTree,
  Variant,
} from './types.js';
