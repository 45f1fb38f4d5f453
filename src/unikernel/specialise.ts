/**
 * Specialisation: from what is known of an application to the kernel it gets. The one place that
 * decides profile, features and options; everything it decides carries its reason.
 */

import {
  composeOptions,
  defaultSource,
  lineOf,
  parseVariants,
  type KernelSpec,
  type OptionRequest,
  type Profile,
  type Variant,
} from '../kernel/index.js';
import { manifestFile, type ApplicationManifest, type Catalogue } from '../manifest/index.js';
import type { RootfsFormat } from '../rootfs/index.js';
import { LupineError } from '../support/errors.js';
import type { BuildOptions } from './types.js';

export interface SpecialiseInput {
  /** Asked for the profile that is the union of all; to read it takes a tenth of a second. */
  readonly catalogue: () => Promise<Catalogue>;
  /** Undefined outside the catalogue. */
  readonly application: ApplicationManifest | undefined;
  /** What the root file system needs of the kernel. */
  readonly rootfsOptions: readonly string[];
  readonly options: BuildOptions;
}

export interface Specialisation {
  readonly profile: Profile;
  readonly variants: readonly Variant[];
  readonly network: boolean;
  readonly spec: KernelSpec;
}

/**
 * Decides the kernel of an application.
 * @throws LupineError where the wishes contradict each other.
 */
export async function specialise(input: SpecialiseInput): Promise<Specialisation> {
  const { application, catalogue, options } = input;
  const profile = options.profile ?? (application === undefined ? 'lupine-general' : 'lupine');
  const variants = options.variants ?? (application?.variants ?? []).flatMap(parseVariants);
  const wanted = await applicationOptions(profile, application, catalogue);
  const features = new Set([
    ...rootFeatures(options.format ?? 'ext2'),
    ...(networked(profile, application) ? ['net'] : []),
    ...(options.features ?? []),
  ]);
  const source = options.source ?? defaultSource;
  const { options: composed, patches } = await composeOptions({
    line: await lineOf(source),
    profile,
    variants,
    features: profile === 'microvm' ? [] : [...features],
    application: [...wanted, ...rootRequests(input.rootfsOptions), ...userRequests(options)],
    configFiles: options.configFiles ?? [],
  });
  const name = profile === 'lupine' ? (application?.name ?? profile) : profile;
  const label = [name, ...variants].join('-');
  const network = profile === 'microvm' || features.has('net');
  return { profile, variants, network, spec: { source, options: composed, patches, label } };
}

/** What a profile takes of the catalogue: one application's options, or the union of all. */
async function applicationOptions(
  profile: Profile,
  application: ApplicationManifest | undefined,
  catalogue: () => Promise<Catalogue>,
): Promise<OptionRequest[]> {
  switch (profile) {
    case 'microvm':
    case 'lupine-base':
      return [];
    case 'lupine':
      if (application === undefined) {
        throw new LupineError('the profile lupine needs to know the application', {
          fix: 'name it with --app (`lupine apps` lists them), or use --profile lupine-general',
        });
      }
      return requests(application);
    case 'lupine-general':
      return [...(await catalogue()).values()].flatMap(requests);
  }
}

function requests(application: ApplicationManifest): OptionRequest[] {
  const from = manifestFile(application.name);
  return application.options.map(({ name, because }) => ({ name, value: 'y', from, because }));
}

/** A read-only format lies under a tmpfs, by an overlay. */
function rootFeatures(format: RootfsFormat): string[] {
  if (format === 'initramfs') return [];
  return format === 'ext2' ? [format] : [format, 'overlay'];
}

/** Who listens needs a network; so does whoever is not known well enough to say that it does not. */
function networked(profile: Profile, application: ApplicationManifest | undefined): boolean {
  if (profile === 'lupine-general') return true;
  return (
    application !== undefined && (application.ports.length > 0 || application.ready.kind === 'tcp')
  );
}

function rootRequests(options: readonly string[]): OptionRequest[] {
  return options.map((name) => ({ name, value: 'y', from: 'the root file system' }));
}

function userRequests(options: BuildOptions): OptionRequest[] {
  return (options.with ?? []).map(({ name, value }) => ({ name, value, from: '--with' }));
}
