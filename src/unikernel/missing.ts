/**
 * A specialised kernel never fails silently: the guest kernel says once what it was asked for and
 * lacks (patch series `lupine`), and this turns it into which option gives it and how to add it.
 */

import { readFile } from 'node:fs/promises';
import { optionsFor, type Feature, type FeatureTable } from '../kernel/features.js';
import { readFeatures } from '../kernel/syscalls.js';
import type { Unikernel } from './types.js';

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
  'pkey_alloc', // node looks for memory protection keys
  'get_mempolicy', // databases look for NUMA
]);

/** False for what a libc, or our own init, only looks for. */
export function worthTelling({ what, program }: Missing): boolean {
  return program !== 'init' && !tried.has(what.replace('system call ', ''));
}

/** The sentence a user reads. @param config the kernel's `.config`: what it has is not advised. */
export function explainMissing({ what, program, options }: Missing, config: string): string {
  const lack = `${program} asked for ${what}, which this kernel lacks`;
  const absent = options.filter((option) => !config.includes(`\nCONFIG_${option}=y\n`));
  if (absent.length === 0) return `${lack}; no kernel option is known that gives it`;
  const names = absent.map((option) => `CONFIG_${option}`).join(' and ');
  const flags = absent.map((option) => `--with ${option}`).join(' ');
  const give = absent.length === 1 ? 'gives' : 'give';
  return `${lack}; ${names} ${give} it: add ${flags} to \`lupine run\` or \`lupine build\``;
}

/**
 * Makes what turns a line of the guest kernel's log into what to tell the user: empty where it is not
 * worth it, undefined where the line says something else. Damaged files only cost the advice.
 * @param everything tell also what is only tried.
 */
export async function missingFeatures(
  files: Pick<Unikernel['files'], 'features' | 'kernelConfig'>,
  everything: boolean,
): Promise<(line: string) => string | undefined> {
  const [table, config] = await Promise.all([
    readFeatures(files).catch(() => undefined),
    readFile(files.kernelConfig, 'utf8').catch(() => ''),
  ]);
  return (line) => {
    const missing = table === undefined ? undefined : parseMissing(line, table);
    if (missing === undefined) return undefined;
    return everything || worthTelling(missing) ? explainMissing(missing, config) : '';
  };
}
