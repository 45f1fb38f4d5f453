/**
 * Which kernels are compared: profiles and variants that Lupine builds, and kernels or configurations
 * of others. Every kernel that was not made for speed of boot is there twice: as it comes, and in its
 * best light, with the boot parameters that a fair user would give it.
 */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  buildKernel,
  configureKernel,
  parseVariants,
  type KernelSpec,
  type Profile,
  type SourceSpec,
} from '../kernel/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { kernelSpecs } from '../unikernel/index.js';
import type { Configured, Subject } from './types.js';

export interface Selection {
  readonly profiles: readonly Profile[];
  /** Of the profiles `lupine` and `lupine-general`: `nokml`, `tiny`, `nokml-tiny`. */
  readonly variants: readonly string[];
  /** Kernels that are there already. */
  readonly kernels: readonly Named<string>[];
  /** Configurations to build from, each of one or more files that are merged in order. */
  readonly configs: readonly Named<readonly string[]>[];
}

export interface Named<T> {
  readonly name: string;
  readonly files: T;
}

/** A kernel that is wanted; nothing is built yet. */
interface Candidate {
  readonly name: string;
  readonly description: string;
  readonly origin: { readonly spec: KernelSpec } | { readonly file: string };
  /** It is also shown in its best light. */
  readonly tune: boolean;
}

/**
 * No self-tests of ciphers, which are most of a distribution kernel's boot, and no mitigations, which
 * lupine-base has none of either.
 */
const TUNED = 'cryptomgr.notests mitigations=off';

/** @returns the kernels for one application, the baseline first. Builds what is not in the cache. */
export async function buildSubjects(
  selection: Selection,
  application: string,
  context: Context,
): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const candidate of await candidates(selection, application)) {
    const { name, tune } = candidate;
    const files = await filesOf(candidate, context);
    const description = describe(candidate, files.config);
    if (tune) {
      const tuned = `${name} tuned`;
      const what = `${description}; booted with ${TUNED}`;
      subjects.push({ name: tuned, description: what, parameters: TUNED, ...files });
    }
    subjects.push({ name, description, parameters: '', ...files });
  }
  return subjects;
}

/** The same kernels' configurations, as far as they are known; builds nothing. */
export async function configureSubjects(
  selection: Selection,
  application: string,
  context: Context,
): Promise<Configured[]> {
  const wanted = await candidates(selection, application);
  return Promise.all(
    wanted.map(async (candidate) => {
      const { name, description, origin } = candidate;
      if ('file' in origin) return { name, description };
      const { text } = await configureKernel(origin.spec, context);
      return { name, description: describe(candidate, text), config: text };
    }),
  );
}

/** Says also how much of somebody else's configuration was left out. */
function describe({ description, origin }: Candidate, config = ''): string {
  if ('file' in origin || origin.spec.lenient !== true) return description;
  const on = new Set([...config.matchAll(/^CONFIG_(\w+)=y$/gm)].map(([, name]) => name));
  const wanted = origin.spec.options.filter(({ value }) => value === 'y');
  const missing = wanted.filter(({ name }) => !on.has(name)).length;
  return missing === 0
    ? description
    : `${description} (${missing} of its ${wanted.length} options are not in this Linux)`;
}

async function filesOf(
  { origin }: Candidate,
  context: Context,
): Promise<Pick<Subject, 'kernel' | 'config' | 'built'>> {
  if ('file' in origin) return { kernel: origin.file };
  const kernel = await buildKernel(origin.spec, context);
  return {
    kernel: kernel.vmlinux,
    config: await readFile(kernel.config, 'utf8'),
    built: { report: kernel.report, systemMap: kernel.systemMap, objects: kernel.objects },
  };
}

async function candidates(selection: Selection, application: string): Promise<Candidate[]> {
  const { profiles, kernels, configs } = selection;
  const found: Candidate[] = [];
  // The baseline first.
  for (const profile of [...profiles].sort((a, b) => rank(a) - rank(b))) {
    found.push(...(await ofProfile(profile, selection.variants, application)));
  }
  for (const { name, files } of configs) found.push(await ofConfig(name, files));
  for (const { name, files } of kernels) {
    const file = resolve(files);
    found.push({ name, description: `kernel ${file}`, origin: { file }, tune: true });
  }
  const names = found.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return found;
  throw new LupineError('two kernels have one name', { where: twice, fix: 'give NAME=FILE' });
}

function rank(profile: Profile): number {
  return profile === 'microvm' ? 0 : 1;
}

async function ofProfile(
  profile: Profile,
  variants: readonly string[],
  application: string,
): Promise<Candidate[]> {
  const isBaseline = profile === 'microvm';
  const apps = profile === 'lupine' ? [application] : [];
  const found: Candidate[] = [];
  for (const variant of isBaseline ? ['nokml'] : variants) {
    const [spec] = await kernelSpecs(apps, [variant], { profile });
    if (spec === undefined) continue;
    const suffixes = parseVariants(variant).filter((one) => one !== 'nokml');
    const description = [`profile ${profile}`, ...apps.map((app) => `for ${app}`)];
    if (suffixes.length > 0) description.push(`variant ${suffixes.join(' and ')}`);
    found.push({
      name: [profile, ...suffixes].join('-'),
      description: description.join(', '),
      origin: { spec },
      tune: isBaseline,
    });
  }
  return found;
}

async function ofConfig(name: string, files: readonly string[]): Promise<Candidate> {
  const source = await sourceOf(files);
  const [spec] = await kernelSpecs([], [], {
    configFiles: files,
    ...(source === undefined ? {} : { source }),
  });
  if (spec === undefined) throw new Error('no kernel of a configuration');
  const description = `configuration ${files.join(' and ')}`;
  // Made for another version of Linux, perhaps: what that had and this has not is left out.
  return { name, description, origin: { spec: { ...spec, lenient: true } }, tune: true };
}

/** A complete `.config` says which Linux it is for. */
async function sourceOf(files: readonly string[]): Promise<SourceSpec | undefined> {
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new LupineError('cannot read the kernel configuration', { where: file, cause });
    });
    const line = /^# Linux\/\S+ (\d+\.\d+)\S* Kernel Configuration/m.exec(text)?.[1];
    if (line !== undefined) return { kind: 'line', line };
  }
  return undefined;
}
