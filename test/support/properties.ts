/**
 * Vitest's set-up of every file: property tests draw the same cases in every short run, so that a
 * change is judged by what it changed; a full run draws new ones, and a failure names its seed.
 */

import fc from 'fast-check';
import { isFull } from './full.js';

if (!isFull) fc.configureGlobal({ seed: 6_012 });
