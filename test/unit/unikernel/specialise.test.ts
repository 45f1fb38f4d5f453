import { describe, expect, it } from 'vitest';
import { loadManifest, type ApplicationManifest } from '../../../src/manifest/index.js';
import { LupineError } from '../../../src/support/errors.js';
import { specialise } from '../../../src/unikernel/specialise.js';
import type { BuildOptions } from '../../../src/unikernel/types.js';

async function variantsFor(asked: readonly string[], options: BuildOptions = {}) {
  const redis = await loadManifest('redis');
  const application: ApplicationManifest = { ...redis, variants: asked };
  const { variants, spec } = await specialise({
    catalogue: () => Promise.reject(new Error('not needed')),
    application,
    rootfsOptions: [],
    options,
  });
  return { variants, patches: spec.patches, label: spec.label };
}

describe('the variants of an application', () => {
  it('are those of its manifest', async () => {
    expect(await variantsFor(['kml', 'tiny'])).toEqual({
      variants: ['kml', 'tiny'],
      patches: ['lupine', 'kml'],
      label: 'redis-kml-tiny',
    });
  });

  it("are the user's where they say", async () => {
    expect(await variantsFor(['kml'], { variants: ['nokml'] })).toMatchObject({
      variants: ['nokml'],
      patches: ['lupine'],
    });
    expect((await variantsFor(['kml'], { variants: [] })).variants).toEqual([]);
  });

  it('are refused where there is no such', async () => {
    await expect(variantsFor(['fast'])).rejects.toThrow(LupineError);
  });
});
