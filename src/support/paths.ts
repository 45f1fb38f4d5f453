/** Where Lupine keeps things on this machine (XDG base directory specification), and its own files. */

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

function base(own: string, xdg: string, fallback: string): string {
  const direct = process.env[own];
  if (direct !== undefined && direct !== '') return resolve(direct);
  const parent = process.env[xdg];
  return join(parent !== undefined && parent !== '' ? parent : join(homedir(), fallback), 'lupine');
}

/** Everything that can be made again: layers, kernels, root file systems. `LUPINE_CACHE` overrides. */
export function cacheDirectory(): string {
  return base('LUPINE_CACHE', 'XDG_CACHE_HOME', '.cache');
}

/** Running instances and what was learnt about this machine. `LUPINE_STATE` overrides. */
export function stateDirectory(): string {
  return base('LUPINE_STATE', 'XDG_STATE_HOME', '.local/state');
}

/** Variables that hold a path. */
const PATHS = [
  'LUPINE_CACHE',
  'LUPINE_STATE',
  'LUPINE_QEMU',
  'LUPINE_FIRECRACKER',
  'LUPINE_JAILER',
];

/** The environment for a process in another directory: it finds there what this one does. */
export function movedEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const absolute = PATHS.flatMap((name) => {
    const path = environment[name];
    return path === undefined || path === '' ? [] : [[name, resolve(path)] as const];
  });
  return { ...environment, ...Object.fromEntries(absolute) };
}

/** The installed package: `linux/`, `apps/`, `guest/` live here. */
export const packageDirectory: string = fileURLToPath(new URL('../..', import.meta.url));
