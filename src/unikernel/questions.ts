/**
 * Questions about kernel options, in the kernel of an application, a profile or a file: why an option has
 * its value, what keeps it from another, how two kernels differ, what one could do without.
 */

import { existsSync } from 'node:fs';
import { diff, type MenuChanges, type Side } from '../kconfig/diff.js';
import { explain, type Explanation } from '../kconfig/explain.js';
import { minimise, type Minimised } from '../kconfig/minimise.js';
import type { OptionFacts } from '../kconfig/source/index.js';
import { WantError } from '../kconfig/solve/wanted.js';
import { whyNot, type WhyNot } from '../kconfig/why-not.js';
import type { Configuration } from '../kconfig/index.js';
import {
  findKernel,
  parseProfile,
  parseVariants,
  profiles,
  readObjects,
  totalOf,
} from '../kernel/index.js';
import type { Cost, KernelSpec, OptionRequest } from '../kernel/index.js';
import { optionFacts } from '../kernel/source-facts.js';
import {
  configureSpace,
  openSpace,
  optionNamed,
  readConfigFile,
  type KernelSpace,
} from '../kernel/space.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { kernelSpecs } from './kernels.js';
import type { BuildOptions } from './types.js';

/** Which kernel a question is asked of; as for building one. */
export interface KernelChoice {
  readonly apps: readonly string[];
  readonly variants: readonly string[];
  readonly options: BuildOptions;
}

/** What an answer is about. */
export interface Answered {
  /** For people: `redis`, `lupine-general`. */
  readonly configuration: string;
  /** Of Linux. */
  readonly version: string;
  /** Who asked for the option, if somebody did. */
  readonly asked?: OptionRequest;
}

export interface OptionExplanation extends Answered {
  readonly explanation: Explanation;
  /** Undefined where the source tree says nothing of it. */
  readonly facts?: OptionFacts;
  /** Of the options that `facts` name besides, those that are on and that nobody can set. */
  readonly given: readonly string[];
  /** What the objects that are there for it take, where it is on and the kernel was built. */
  readonly cost?: Omit<Cost, 'name'>;
}

export interface OptionWhyNot extends Answered {
  readonly whyNot: WhyNot;
}

interface Opened {
  readonly spec: KernelSpec;
  readonly kernel: KernelSpace;
  readonly values: Configuration;
}

/** Explains an option. @throws LupineError for an unknown one, with the nearest names. */
export async function explainOption(
  name: string,
  choice: KernelChoice,
  context: Context,
): Promise<OptionExplanation> {
  const { spec, kernel, values } = await open(choice, context);
  const symbol = optionNamed(kernel, name);
  const facts = await optionFacts(kernel.source, symbol.name, context);
  const on = values.value(symbol) !== 'n';
  const cost = on ? await builtCost(symbol.name, spec, context) : undefined;
  return {
    ...answered(spec, kernel, symbol.name),
    explanation: explain(values, symbol, kernel.written),
    ...(facts === undefined ? {} : { facts }),
    given: facts === undefined ? [] : givenIn(values, facts),
    ...(cost === undefined ? {} : { cost }),
  };
}

/** Builds nothing, and says nothing where nothing could be built. */
async function builtCost(
  option: string,
  spec: KernelSpec,
  context: Context,
): Promise<Omit<Cost, 'name'> | undefined> {
  const built = await findKernel(spec, context).catch((error: unknown) => {
    if (error instanceof LupineError) return undefined;
    throw error;
  });
  const objects = built === undefined ? [] : await readObjects(built.objects);
  return objects.length === 0 ? undefined : totalOf(objects.filter((one) => one.option === option));
}

/** Tells what keeps an option from a value, and the smallest change that gives it. @throws LupineError */
export async function whyNotOption(
  wanted: { readonly name: string; readonly value: string },
  choice: KernelChoice,
  context: Context,
): Promise<OptionWhyNot> {
  const { spec, kernel, values } = await open(choice, context);
  const symbol = optionNamed(kernel, wanted.name);
  return {
    ...answered(spec, kernel, symbol.name),
    whyNot: orLupineError(() => whyNot(values, symbol, wanted.value, kernel.written)),
  };
}

/** Compares two kernels. Each is named by `parseKernel`. @throws LupineError */
export async function diffKernels(
  first: string,
  second: string,
  options: BuildOptions,
  context: Context,
): Promise<MenuChanges[]> {
  const [spec] = await kernelSpecs(['base'], [], options);
  const kernel = await openSpace(requireOne(spec), context);
  const side = async (word: string): Promise<Side> => {
    const choice = parseKernel(word);
    if (choice === undefined) return readConfigFile(kernel, requireFile(word));
    const merged = { ...options, ...choice.options };
    const [named] = await kernelSpecs(choice.apps, choice.variants, merged);
    return { values: configureSpace(kernel, requireOne(named).options), complete: false };
  };
  return diff(await side(first), await side(second));
}

/**
 * Reads the name of a kernel: a profile, or `app:NAME`, with variants after `+`. Undefined for anything
 * else, which is a file.
 */
export function parseKernel(word: string): KernelChoice | undefined {
  const [name = '', ...variants] = word.split('+');
  const app = /^app:(.+)$/.exec(name)?.[1];
  if (app === undefined && !profiles.some((profile) => profile === name)) return undefined;
  parseVariants(variants.join('-'));
  return {
    apps: app === undefined ? [] : [app],
    variants: variants.length === 0 ? [] : [variants.join('-')],
    options: app === undefined ? { profile: parseProfile(name) } : {},
  };
}

/** As {@link parseKernel}, where a file is a kernel of its own. @throws LupineError when it is nothing of these. */
export function kernelNamed(word: string): KernelChoice {
  const file = (path: string) => ({ apps: [], variants: [], options: { configFiles: [path] } });
  return parseKernel(word) ?? file(requireFile(word));
}

/** @throws LupineError for a word that names nothing at all. */
function requireFile(word: string): string {
  if (word.includes('/') || existsSync(word)) return word;
  throw new LupineError('no such profile, application or file', {
    where: word,
    fix: `use ${profiles.join(', ')}, app:NAME (\`lupine apps\` lists them), or a file`,
  });
}

export interface KernelMinimised extends Pick<Minimised, 'settings' | 'kept' | 'dropped'> {
  /** The `.config`. */
  readonly text: string;
  readonly version: string;
  /** What the applications or the profile ask for and the file has not. */
  readonly lacking: readonly string[];
}

/**
 * Drops from a configuration what the wanted options do not need.
 * @param wanted options, with the file's value unless one is given. @param choice what its application or
 * profile turns on is wanted too, as far as the file has it; nothing where neither is named.
 * @throws LupineError where the file lacks a wanted option.
 */
export async function minimiseConfig(
  path: string,
  wanted: readonly { readonly name: string; readonly value?: string }[],
  choice: KernelChoice,
  context: Context,
): Promise<KernelMinimised> {
  const named = choice.apps.length > 0 || choice.options.profile !== undefined;
  if (wanted.length === 0 && !named) {
    throw new LupineError('nothing is wanted of the configuration', {
      fix: 'name what it must keep, by --want OPTION, --app NAME or --profile NAME',
    });
  }
  const [spec] = await kernelSpecs(named ? choice.apps : ['base'], choice.variants, choice.options);
  const kernel = await openSpace(requireOne(spec), context);
  const { values: full } = await readConfigFile(kernel, path);
  const requests = named ? requireOne(spec).options.filter(({ value }) => value === 'y') : [];
  const isOn = (name: string) => full.value(optionNamed(kernel, name)) === 'y';
  const all = Object.fromEntries([
    ...requests.filter(({ name }) => isOn(name)).map(({ name }) => [name, 'y'] as const),
    ...wanted.map(({ name, value }) => {
      const symbol = optionNamed(kernel, name);
      const given = full.value(symbol);
      return [symbol.name, value ?? (given === 'n' ? 'y' : given)] as const;
    }),
  ]);
  const result = orLupineError(() => minimise(full, all));
  if (result.kind === 'minimised') {
    const { settings, kept, dropped, values } = result;
    const text = values.format('config');
    const lacking = requests.filter(({ name }) => !isOn(name)).map(({ name }) => name);
    return { version: kernel.source.version, text, settings, kept, dropped, lacking };
  }
  if (result.kind === 'undecided') {
    throw new LupineError('no smaller configuration was found', { where: path });
  }
  const [first, ...others] = result.missing;
  throw new LupineError(`CONFIG_${first?.name ?? ''} is wanted, and not so in the configuration`, {
    where: `${path} has ${first?.value ?? 'n'}${others.length === 0 ? '' : `, and lacks ${others.map(({ name }) => name).join(', ')}`}`,
    fix: `\`lupine kernel why-not ${first?.name ?? ''} --config ${path}\` tells how to add it`,
  });
}

async function open(choice: KernelChoice, context: Context): Promise<Opened> {
  const specs = await kernelSpecs(choice.apps, choice.variants, choice.options);
  const spec = requireOne(specs[0], specs.length);
  const kernel = await openSpace(spec, context);
  return { spec, kernel, values: configureSpace(kernel, spec.options) };
}

function givenIn(values: Configuration, { files, directories, gives }: OptionFacts): string[] {
  const named = new Set([...files, ...directories, ...gives].flatMap((one) => one.with));
  return [...named].filter((name) => {
    const symbol = values.space.byName.get(name);
    return symbol !== undefined && symbol.prompts.length === 0 && values.tristate(symbol) > 0;
  });
}

function requireOne(spec: KernelSpec | undefined, count = 1): KernelSpec {
  if (spec !== undefined && count === 1) return spec;
  throw new LupineError('the configuration of one kernel at a time', {
    fix: 'name one --app and one --variant; a hyphen joins variants: smp-tiny',
  });
}

function answered(spec: KernelSpec, kernel: KernelSpace, name: string): Answered {
  const asked = spec.options.find((request) => request.name === name);
  return {
    configuration: spec.label,
    version: kernel.source.version,
    ...(asked === undefined ? {} : { asked }),
  };
}

/** What is wrong with wanted values is the user's to mend. */
function orLupineError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof WantError)) throw error;
    const [first, ...others] = error.problems;
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    throw new LupineError('what is wanted means nothing', {
      where: `${first?.text ?? ''}${more}`,
      cause: error,
    });
  }
}
