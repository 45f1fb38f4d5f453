/**
 * A parallel build in a guest: objects of `guest/init` by the Makefile of this project, with the make
 * and the gcc of this machine. The sources need no libc: the compiler and a few headers are all.
 */

import { readFile, readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { CpioFile } from '../../rootfs/index.js';
import { packageDirectory } from '../../support/paths.js';
import { run, type RunOptions } from '../../support/process.js';
import type { Lab } from '../types.js';
import { applicationFiles, driveArchive, type DrivePlan } from './drive.js';
import { writeInitrd } from './vm.js';

/** One of the builds. */
type BuildStep = NonNullable<DrivePlan['steps']>[number] & {
  /** Recipes that make runs at the same time. */
  readonly jobs: number;
};

const JOBS = { quick: [1, 4], full: [1, 2, 4] };

const GUEST = join(packageDirectory, 'guest');

const MAKE = '/usr/bin/make';
const GCC = '/usr/bin/gcc';

/** What the rule of an object calls. */
const TOOLS = [
  { program: MAKE, package: 'make' },
  { program: GCC, package: 'gcc' },
  { program: '/usr/bin/as', package: 'binutils' },
  { program: '/usr/bin/mkdir', package: 'coreutils' },
];

/** The small ones of guest/init/: each costs an emulated guest hundreds of millions of instructions. */
const UNITS = {
  quick: ['entropy', 'main', 'network', 'power'],
  full: ['entropy', 'files', 'main', 'mounts', 'network', 'power', 'user'],
};

/** The builds, each from nothing into a directory of its own. */
export function buildSteps(quick: boolean): BuildStep[] {
  return (quick ? JOBS.quick : JOBS.full).map((jobs) => {
    const out = `/tmp/j${jobs}`;
    const units = quick ? UNITS.quick : UNITS.full;
    const targets = units.map((unit) => `${out}/init.d/${unit}.o`);
    // Silent: each byte on the serial console costs more instructions than a call.
    const command = [MAKE, '-s', '-C', '/guest', `-j${jobs}`, 'CC=gcc', `OUT=${out}`, ...targets];
    return { name: `make-j${jobs}`, jobs, command };
  });
}

/**
 * Writes the initrd of a guest that makes the builds, one after the other.
 * @throws LupineError where something of the build is missing on this machine, with its package.
 */
export async function buildInitrd(lab: Lab): Promise<string> {
  const own = await ownSources();
  const units = own.map(({ name }) => name).filter((name) => name.endsWith('.c'));
  const { signal } = lab.context;
  // Where cc1 and the headers are, gcc alone knows.
  const ask = async (...args: readonly string[]) => {
    const options: RunOptions = { cwd: GUEST, install: 'apt-get install gcc' };
    return (await run(GCC, args, signal === undefined ? options : { ...options, signal })).stdout;
  };
  const compiler = (await ask('-print-prog-name=cc1')).trim();
  const headers = systemHeaders(await ask('-M', '-ffreestanding', ...units));
  const parts = [compiler, ...headers].map((program) => ({ program, package: 'gcc' }));
  const clients = [...TOOLS, ...parts];
  const files = await applicationFiles({ program: MAKE, files: {}, clients }, 'initramfs', lab);
  const sources = own.map(({ name, content }): CpioFile => {
    return { path: `app/guest/${name}`, mode: 0o644, content };
  });
  return writeInitrd(lab, await driveArchive({ steps: buildSteps(lab.quick) }, sources), files);
}

/**
 * The headers of this machine in a rule of `gcc -M`, each once, by name. Those of the sources' own
 * have relative paths.
 */
export function systemHeaders(rule: string): string[] {
  const words = rule.split(/[\s\\]+/);
  return [...new Set(words.filter(isAbsolute))].sort();
}

/** The Makefile and `init/`, by their paths in guest/. */
async function ownSources(): Promise<{ name: string; content: Buffer }[]> {
  const inside = (await readdir(join(GUEST, 'init'))).sort().map((name) => `init/${name}`);
  return Promise.all(
    ['Makefile', ...inside].map(async (name) => ({
      name,
      content: await readFile(join(GUEST, name)),
    })),
  );
}
