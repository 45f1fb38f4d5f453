/** Networks of VMs: made, listed, removed, joined. */

export {
  createNetwork,
  inspectNetwork,
  listNetworks,
  removeNetwork,
  type NetworkView,
  type NewNetwork,
} from './manage.js';
export { joinNetwork, type Guest, type Joined } from './join.js';
