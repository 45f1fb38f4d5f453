/**
 * The configuration space of a kernel source tree, and configurations in it: what the questions about
 * options (explain, why not, differences) are asked of.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Configuration, Kconfig, KconfigError } from '../kconfig/index.js';
import type { ConfigSymbol, Space } from '../kconfig/index.js';
import { allNo } from '../kconfig/solve/base.js';
import { Written } from '../kconfig/written.js';
import type { Context } from '../support/context.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { nearest } from '../support/nearest.js';
import { cacheDirectory } from '../support/paths.js';
import { isGenerated, parseFragment } from './fragment.js';
import { prepareSource } from './source.js';
import type { SourceOptions } from './source.js';
import type { KernelSpec, SourceTree } from './types.js';

/** A source tree with its Kconfig files read. */
export interface KernelSpace {
  readonly source: SourceTree;
  readonly space: Space;
  readonly written: Written;
}

/**
 * Reads the Kconfig files of a kernel, prepared first where need be.
 * @throws LupineError where there is no source, or its files are not well-formed.
 */
export async function openSpace(
  spec: Pick<KernelSpec, 'source' | 'patches'>,
  context: Context,
  options: SourceOptions = {},
): Promise<KernelSpace> {
  return loadSpace(await prepareSource(spec.source, spec.patches, context, options));
}

/** As `openSpace`, of a tree that is there. @throws LupineError */
export function loadSpace(source: SourceTree): KernelSpace {
  try {
    const cache = join(cacheDirectory(), 'kconfig');
    const { space } = Kconfig.load({ tree: source.path, arch: 'x86_64', cache });
    return { source, space, written: new Written(space) };
  } catch (error) {
    if (!(error instanceof KconfigError)) throw error;
    const [first, ...others] = error.message.split('\n');
    throw new LupineError("the kernel's Kconfig files cannot be read", {
      where: `${first ?? source.path}${others.length === 0 ? '' : ` (and ${others.length} more)`}`,
      fix: 'check the source tree, and with --source your changes to it',
      cause: error,
    });
  }
}

/**
 * What a kernel is configured to: nothing but what was requested, and what follows. Requests that this
 * kernel does not know, or cannot take, are left out: whoever builds is told of them.
 */
export function configureSpace(
  { space }: Pick<KernelSpace, 'space'>,
  requests: KernelSpec['options'],
): Configuration {
  const settings = new Map(
    requests.flatMap(({ name, value }) => {
      const symbol = space.byName.get(name);
      return symbol === undefined || symbol.isChoice ? [] : [[symbol, value] as const];
    }),
  );
  return allNo(space, settings);
}

/** A configuration of the user's. */
export interface ConfigFile {
  readonly values: Configuration;
  /** It is a whole `.config`: it says what came out, not what was asked. */
  readonly complete: boolean;
}

/** Reads a `.config`, or a fragment, which is put over nothing. @throws LupineError when it cannot. */
export async function readConfigFile(kernel: KernelSpace, path: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new LupineError('cannot read the kernel configuration', {
      where: `${path} (${error.code ?? 'unknown'})`,
      fix: 'check the path and its permissions',
      cause: error,
    });
  }
  if (!isGenerated(text)) {
    const requests = parseFragment(text, path, path);
    return { values: configureSpace(kernel, requests), complete: false };
  }
  const values = new Configuration(kernel.space);
  values.read(text, path);
  return { values, complete: true };
}

/**
 * Finds an option. @param name with or without `CONFIG_`.
 * @throws LupineError with the nearest names when the kernel has no such option.
 */
export function optionNamed({ space, source }: KernelSpace, name: string): ConfigSymbol {
  const plain = name.replace(/^CONFIG_/, '');
  const found = space.byName.get(plain);
  if (found !== undefined && found.nodes.length > 0 && !found.isChoice) return found;
  const names = [...space.byName.values()]
    .filter(({ nodes, isChoice }) => nodes.length > 0 && !isChoice)
    .map((symbol) => symbol.name);
  const near = nearest(plain.toUpperCase(), names);
  throw new LupineError('no such kernel option', {
    where: `${plain} in Linux ${source.version}`,
    fix:
      near.length === 0
        ? 'check the name; it is that of the Kconfig files'
        : `did you mean ${near.join(' or ')}?`,
  });
}
