/**
 * Specialisation: from what is known of an application to the kernel it gets. The one place that
 * decides profile, features and options; everything it decides carries its reason.
 */

import {
  composeOptions,
  defaultSource,
  lineOf,
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
  readonly catalogue: Catalogue;
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

/** The options that say that an application uses the network. */
const NETWORKED = new Set(['INET', 'VIRTIO_NET']);

/**
 * Decides the kernel of an application.
 * @throws LupineError where the wishes contradict each other.
 */
export async function specialise(input: SpecialiseInput): Promise<Specialisation> {
  const { application, catalogue, options } = input;
  const profile = options.profile ?? (application === undefined ? 'lupine-general' : 'lupine');
  const variants = options.variants ?? [];
  const wanted = applicationOptions(profile, application, catalogue);
  const network =
    (options.networked ?? false) !== false ||
    profile === 'microvm' ||
    wanted.some(({ name }) => NETWORKED.has(name));
  const source = options.source ?? defaultSource;
  const { options: composed, patches } = await composeOptions({
    line: await lineOf(source),
    profile,
    variants,
    features: [...rootFeatures(options.format ?? 'ext2'), ...netFeatures(network, options)],
    application: [...wanted, ...rootRequests(input.rootfsOptions), ...userRequests(options)],
    configFiles: options.configFiles ?? [],
  });
  const name = profile === 'lupine' ? (application?.name ?? profile) : profile;
  const label = [name, ...variants].join('-');
  return { profile, variants, network, spec: { source, options: composed, patches, label } };
}

/** What a profile takes of the catalogue: one application's options, or the union of all. */
function applicationOptions(
  profile: Profile,
  application: ApplicationManifest | undefined,
  catalogue: Catalogue,
): OptionRequest[] {
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
      return [...catalogue.values()].flatMap(requests);
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

function netFeatures(network: boolean, options: BuildOptions): string[] {
  if (!network) return [];
  return options.networked === 'dhcp' ? ['net', 'dhcp'] : ['net'];
}

function rootRequests(options: readonly string[]): OptionRequest[] {
  return options.map((name) => ({ name, value: 'y', from: 'the root file system' }));
}

function userRequests(options: BuildOptions): OptionRequest[] {
  return (options.with ?? []).map(({ name, value }) => ({ name, value, from: '--with' }));
}
