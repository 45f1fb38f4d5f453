export type { ApplicationManifest, Load, LoadStep, Readiness } from './types.js';
export { parseManifest } from './schema.js';
export {
  applicationFor,
  applicationNamed,
  loadCatalogue,
  loadManifest,
  manifestFile,
  type Catalogue,
  type Identity,
} from './catalogue.js';
