/** What a user names to run: a bundle is opened, anything else is built, as the run will need it. */

import type { Context } from '../support/context.js';
import { isBundle, readBundle } from './bundle.js';
export { isBundle };
import type { BuildOptions, RunOptions, Unikernel } from './types.js';

/**
 * The unikernel of a bundle's directory or an image's reference.
 * More than one CPU makes an smp kernel, and a network asked for gets into the kernel.
 */
export async function openUnikernel(
  target: string,
  options: BuildOptions & RunOptions,
  context: Context,
): Promise<Unikernel> {
  if (isBundle(target)) return readBundle(target);
  // Loaded late: a bundle starts without compilers, registries and file systems.
  const { build } = await import('./build.js');
  const variants = options.variants ?? [];
  const smp = (options.cpus ?? 1) > 1 && !variants.includes('smp');
  return build(
    target,
    {
      ...options,
      ...(smp ? { variants: [...variants, 'smp' as const] } : {}),
      features: [...(options.features ?? []), ...neededBy(options)],
    },
    context,
  );
}

/** What a run asks of its kernel beyond what the application does. */
function neededBy({ network, tty, mounts = [] }: RunOptions): string[] {
  const features = [...(tty === undefined ? [] : ['tty']), ...(mounts.length > 0 ? ['ext2'] : [])];
  if (network === undefined || network.mode === 'none') return features;
  const dhcp = network.mode === 'tap' && network.address === undefined;
  return [...features, 'net', ...(dhcp ? ['dhcp'] : [])];
}
