/** Images of registries (OCI distribution specification; docker's registry v2 is the same here). */

import type { Context } from '../../support/context.js';
import type { Platform } from '../config.js';
import type { Descriptor } from '../manifest.js';
import { type RegistryReference, nameOf } from '../reference.js';
import { resolveImage } from '../resolve.js';
import { openLayers } from '../store/index.js';
import { verified } from '../digest.js';
import { type ClientOptions, connect } from './client.js';
import { overhear, type PulledImage, saveKnown } from './known.js';

export type { ClientOptions } from './client.js';

/**
 * Asks the registry what a name means now, and fetches what is missing of the image.
 * @throws LupineError when it cannot be had, or is not what its digests say.
 */
export async function pull(
  reference: RegistryReference,
  platform: Platform,
  context: Context,
  options: ClientOptions = {},
): Promise<PulledImage> {
  const where = nameOf(reference);
  const stop = new AbortController();
  const signals = context.signal === undefined ? [stop.signal] : [context.signal, stop.signal];
  const inner: Context = { progress: context.progress, signal: AbortSignal.any(signals) };
  const client = await connect(reference, inner, options);
  const config = (descriptor: Descriptor) =>
    collect(verified(client.blob(descriptor), descriptor, `${where}, configuration`));
  try {
    const top = await client.manifest(reference.digest ?? reference.tag ?? 'latest');
    const reader = overhear({
      document: async ({ digest }: Descriptor) => (await client.manifest(digest)).bytes,
      config,
      layer: (descriptor: Descriptor) => ({
        where: `${where}, layer ${descriptor.digest}`,
        read: () => client.blob(descriptor),
      }),
    });
    const source = await resolveImage(top, reader, platform, where);
    const layers = await openLayers(
      source.layers,
      { title: `pulling ${where}`, keep: true, stop: (error) => stop.abort(error) },
      inner,
    );
    await saveKnown(reference, platform, top, reader.heard);
    return { source, layers };
  } finally {
    await client.close();
  }
}

async function collect(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}
