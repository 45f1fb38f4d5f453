/**
 * From words to requests: a profile, variants, an application's options and the user's own files
 * become one list of options, each with who asked and why. Later wins; what was overridden is kept
 * to be shown. The order and the files are described in docs/kernel-config.md.
 */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LupineError, isSystemError } from '../support/errors.js';
import { packageDirectory } from '../support/paths.js';
import { isGenerated, parseFragment } from './fragment.js';
import { profiles, variants } from './types.js';
import type { OptionRequest, Profile, Variant } from './types.js';

export interface ComposeInput {
  /** `6.12` */
  readonly line: string;
  /** None: only the application's options and the user's files. */
  readonly profile?: Profile;
  readonly variants?: readonly Variant[];
  /** Parts that a run asks for: `net`, `ext2`; the files `feature-<name>.config`. */
  readonly features?: readonly string[];
  /** What the application (or the catalogue's union) needs. */
  readonly application?: readonly OptionRequest[];
  /** The user's own fragments, merged in order after everything else. */
  readonly configFiles?: readonly string[];
  /** Where profiles and patches are; the installed package's `linux/` unless told. */
  readonly linuxDirectory?: string;
}

/** One request that took the place of another with a different value. */
export interface Override {
  readonly by: OptionRequest;
  readonly of: OptionRequest;
}

export interface Composition {
  readonly options: readonly OptionRequest[];
  /** The patch series that go with the variants; for `KernelSpec.patches`. */
  readonly patches: readonly string[];
  readonly overrides: readonly Override[];
}

/** The installed package's kernel files. */
export const linuxDirectory = join(packageDirectory, 'linux');

/**
 * Composes a kernel's options.
 * @throws LupineError for a profile, variant or file that does not exist or cannot be read.
 */
export async function composeOptions(input: ComposeInput): Promise<Composition> {
  const root = input.linuxDirectory ?? linuxDirectory;
  const wanted = [...new Set(input.variants ?? [])];
  checkKml(wanted, input.line, root);
  const lists: OptionRequest[][] = [];
  if (input.profile !== undefined) {
    lists.push(...(await named(fileOf(input.profile), 'profile', input.line, root)));
  }
  for (const feature of input.features ?? []) {
    lists.push(...(await named(`feature-${feature}`, 'feature', input.line, root)));
  }
  for (const variant of wanted) {
    if (variant === 'nokml') continue;
    lists.push(...(await named(variant, 'variant', input.line, root)));
  }
  lists.push([...(input.application ?? [])]);
  for (const file of input.configFiles ?? []) lists.push(await fragment(file, file));
  return {
    ...merge(lists),
    patches: wanted.includes('kml') ? ['lupine', 'kml'] : ['lupine'],
  };
}

/** Reads `tiny,smp` or the paper's `nokml-tiny`. @throws LupineError for an unknown variant. */
export function parseVariants(text: string): Variant[] {
  return text
    .split(/[,-]/)
    .filter((word) => word !== '')
    .map((word) => {
      const found = variants.find((variant) => variant === word);
      if (found !== undefined) return found;
      throw new LupineError('no such variant', { where: word, fix: `use ${variants.join(', ')}` });
    });
}

/** Reads a profile's name. @throws LupineError for an unknown one. */
export function parseProfile(text: string): Profile {
  const found = profiles.find((profile) => profile === text);
  if (found !== undefined) return found;
  throw new LupineError('no such profile', { where: text, fix: `use ${profiles.join(', ')}` });
}

/** Later lists win; the order of first mention stays. */
export function merge(lists: readonly (readonly OptionRequest[])[]): {
  options: OptionRequest[];
  overrides: Override[];
} {
  const options = new Map<string, OptionRequest>();
  const overrides: Override[] = [];
  for (const request of lists.flat()) {
    const earlier = options.get(request.name);
    if (earlier?.value === request.value) continue;
    if (earlier !== undefined) overrides.push({ by: request, of: earlier });
    options.set(request.name, request);
  }
  return { options: [...options.values()], overrides };
}

/** `lupine` and `lupine-general` differ from the base by the application's options only. */
function fileOf(profile: Profile): string {
  return profile === 'microvm' ? 'microvm' : 'lupine-base';
}

async function named(
  name: string,
  kind: 'profile' | 'feature' | 'variant',
  line: string,
  root: string,
): Promise<OptionRequest[][]> {
  const from = kind === 'feature' ? name.replace('-', ' ') : `${kind} ${name}`;
  const common = join(root, 'profiles', `${name}.config`);
  const own = join(root, line, `${name}.config`);
  if (!existsSync(common)) {
    throw new LupineError(`no file for ${from}`, {
      where: common,
      fix: 'reinstall Lupine: this file is a part of it',
    });
  }
  const lists = [await fragment(common, from)];
  if (existsSync(own)) lists.push(await fragment(own, `${from} on ${line}`));
  return lists;
}

async function fragment(path: string, from: string): Promise<OptionRequest[]> {
  try {
    const text = await readFile(path, 'utf8');
    const requests = parseFragment(text, path, from);
    return isGenerated(text) ? requests.map(asOutcome) : requests;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new LupineError('cannot read the kernel configuration', {
      where: `${path} (${error.code ?? 'unknown'})`,
      fix: 'check the path and its permissions',
      cause: error,
    });
  }
}

/** In a complete `.config` the comments are headings, not reasons. */
function asOutcome({ name, value, from }: OptionRequest): OptionRequest {
  return { name, value, from, outcome: true };
}

function checkKml(wanted: readonly Variant[], line: string, root: string): void {
  if (!wanted.includes('kml')) return;
  if (wanted.includes('nokml')) {
    throw new LupineError('variants exclude each other', {
      where: 'kml, nokml',
      fix: 'choose one of them',
    });
  }
  if (!existsSync(join(root, line, 'kml'))) {
    throw new LupineError('the variant kml is not available', {
      where: `Linux ${line}`,
      fix: 'use nokml; applications run in ring 3 there',
    });
  }
}
