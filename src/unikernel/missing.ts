/**
 * A specialised kernel never fails silently: the guest kernel says once what it was asked for and
 * lacks (patch series `lupine`), and this turns it into which option gives it and how to add it.
 */

import { optionsFor, type Feature, type FeatureTable } from '../kernel/features.js';

/** The kernel's words: `lupine: missing syscall 291 nginx`. The program's name may hold anything. */
const PATTERN =
  /^lupine: missing (?:(syscall|socket family) (\d{1,6})|filesystem (\S{1,64})) (.*)$/;

export interface Missing {
  readonly feature: Feature;
  /** For people: `system call epoll_create1`. */
  readonly what: string;
  readonly program: string;
  /** Options that give it, without `CONFIG_`; empty where none is known. */
  readonly options: readonly string[];
}

/** Reads a line of the guest kernel's log; undefined where it says something else. */
export function parseMissing(line: string, table: FeatureTable): Missing | undefined {
  const match = PATTERN.exec(line);
  if (match === null) return undefined;
  const [, kind, number, filesystem, program = ''] = match;
  if (filesystem !== undefined) {
    const feature: Feature = { kind: 'filesystem', name: filesystem };
    const options = optionsFor(table, feature);
    return { feature, what: `file system ${filesystem}`, program, options };
  }
  const nr = Number(number);
  if (kind === 'syscall') {
    const feature: Feature = { kind: 'syscall', nr };
    const name = table.syscalls[String(nr)]?.name ?? `number ${nr}`;
    return { feature, what: `system call ${name}`, program, options: optionsFor(table, feature) };
  }
  const feature: Feature = { kind: 'socket', family: nr };
  const name = table.families[String(nr)]?.name ?? `family ${nr}`;
  return { feature, what: `socket ${name}`, program, options: optionsFor(table, feature) };
}

/** System calls that every libc tries and does without; saying so each time would teach users not to read. */
const tried = new Set([
  'rseq', // glibc's fast CPU number
  'set_robust_list', // futexes of threads that died
  'statx', // falls back to newfstatat
]);

/** False for what a libc, or our own init, only looks for. */
export function worthTelling({ what, program }: Missing): boolean {
  return program !== 'init' && !tried.has(what.replace('system call ', ''));
}

/** The sentence a user reads. */
export function explainMissing({ what, program, options }: Missing): string {
  const lack = `${program} asked for ${what}, which this kernel lacks`;
  if (options.length === 0) return `${lack}; no kernel option of this line gives it`;
  const names = options.map((option) => `CONFIG_${option}`).join(' and ');
  const flags = options.map((option) => `--with ${option}`).join(' ');
  return `${lack}; ${names} gives it: add ${flags} to \`lupine run\` or \`lupine build\``;
}
