export { examine, find, installMissing, systemName, type Check } from './doctor.js';
