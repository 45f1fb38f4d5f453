/** From a reference to a unikernel in the cache: image, manifest, then kernel and root side by side. */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openImage, parseReference, type Image } from '../image/index.js';
import { buildKernel, type Kernel } from '../kernel/index.js';
import {
  applicationFor,
  applicationNamed,
  loadCatalogue,
  type ApplicationManifest,
  type Catalogue,
} from '../manifest/index.js';
import { cachedRootfs, kernelOptions, type Rootfs } from '../rootfs/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { packageDirectory } from '../support/paths.js';
import { specialise, type Specialisation } from './specialise.js';
import type { BuildOptions, Unikernel } from './types.js';

/** Guest memory of an application about which nothing is known: it is only reserved, not used. */
const DEFAULT_MEMORY = 512 * 1024 * 1024;

/**
 * Makes a unikernel of an image; what was made before comes from the cache.
 * @param reference as `lupine run` takes it: a registry name, a transport, a program of this machine.
 */
export async function build(
  reference: string,
  options: BuildOptions,
  context: Context,
): Promise<Unikernel> {
  const catalogue = await loadCatalogue();
  const image = await openImage(
    reference,
    {
      include: options.include ?? [],
      ...(options.pull === undefined ? {} : { pull: options.pull }),
    },
    context,
  );
  const application = recognise(catalogue, image, options);
  const format = options.format ?? 'ext2';
  const rootfsOptions = kernelOptions(image.tree, format);
  const kernelWanted = await specialise({
    catalogue: () => Promise.resolve(catalogue),
    application,
    rootfsOptions,
    options,
  });
  if (application === undefined && options.profile === undefined) {
    context.progress.note(
      `${image.name} is not in the catalogue: it gets the kernel lupine-general (--app NAME names a known application)`,
    );
  }
  // The disk and the compiler have different bottlenecks; a failure of one stops the other.
  const stop = new AbortController();
  const signals = context.signal === undefined ? [stop.signal] : [stop.signal, context.signal];
  const both: Context = { progress: context.progress, signal: AbortSignal.any(signals) };
  const orStop = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  const [kernel, rootfs] = await Promise.all([
    orStop(buildKernel(kernelWanted.spec, both)),
    orStop(cachedRootfs(image.tree, { format }, both)),
  ]);
  return assemble(image, application, kernelWanted, kernel, rootfs);
}

function recognise(
  catalogue: Catalogue,
  image: Image,
  options: BuildOptions,
): ApplicationManifest | undefined {
  if (options.app !== undefined) return applicationNamed(catalogue, options.app);
  const reference = parseReference(image.reference);
  const program = image.config.entrypoint[0] ?? image.config.cmd[0];
  return applicationFor(catalogue, {
    name: image.name,
    ...(reference.kind === 'registry'
      ? { repository: `${reference.registry}/${reference.repository}` }
      : {}),
    ...(program === undefined ? {} : { program: basename(program) }),
  });
}

function assemble(
  image: Image,
  application: ApplicationManifest | undefined,
  wanted: Specialisation,
  kernel: Kernel,
  rootfs: Rootfs,
): Unikernel {
  return {
    description: {
      version: 1,
      name: image.name,
      image: {
        reference: image.reference,
        digest: image.digest,
        architecture: image.architecture,
      },
      config: image.config,
      application: application?.name ?? null,
      kernel: {
        key: kernel.key,
        version: kernel.version,
        profile: wanted.profile,
        variants: [...wanted.variants],
        report: kernel.report,
      },
      rootfs: { format: rootfs.format, bytes: rootfs.bytes, digest: image.tree.digest },
      network: wanted.network,
      memory: application?.memory ?? DEFAULT_MEMORY,
    },
    files: {
      kernel: kernel.vmlinux,
      kernelConfig: kernel.config,
      rootfs: rootfs.path,
      init: initProgram(),
      features: kernel.features,
    },
  };
}

/** Our init, compiled with the package. */
function initProgram(): string {
  const path = join(packageDirectory, 'guest/build/init');
  if (existsSync(path)) return path;
  throw new LupineError("Lupine's init is not built", {
    where: path,
    fix: `make -C ${join(packageDirectory, 'guest')}`,
  });
}
