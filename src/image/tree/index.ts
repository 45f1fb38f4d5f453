/** Layers and host files as one `FileTree`: what the rest of `image/` uses of this folder. */

export { directoryTree } from './directory-tree.js';
export { hostTree, type HostEntry } from './host-tree.js';
export { decodeIndex, encodeIndex } from './index-codec.js';
export { DEFAULT_LIMITS, type Limits } from './limits.js';
export { indexLayer, LayerIndexer, type IndexOptions, type LayerIndex } from './layer-index.js';
export { mergeLayers, type Layer } from './merge.js';
export { decodeName, encodeName } from '../../support/name-bytes.js';
