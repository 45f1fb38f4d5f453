/**
 * The configurations of our kernels, held against the kernel's own program: the same requests through
 * `make allnoconfig`, and no byte may differ.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configureKernel } from '../../../src/kernel/index.js';
import { formatFragment } from '../../../src/kernel/fragment.js';
import type { KernelSpec } from '../../../src/kernel/index.js';
import { loadCatalogue } from '../../../src/manifest/index.js';
import { silentProgress } from '../../../src/support/progress.js';
import { kernelSpecs } from '../../../src/unikernel/kernels.js';
import { exec } from '../../support/exec.js';

const context = { progress: silentProgress };

/** What `make allnoconfig` makes of the requests. */
async function reference(spec: KernelSpec, source: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lupine-reference-'));
  try {
    const requests = join(directory, 'requests');
    await writeFile(requests, formatFragment(spec.options));
    const given = [`O=${directory}`, 'ARCH=x86_64', `KCONFIG_ALLCONFIG=${requests}`];
    const env = { ...process.env, LC_ALL: 'C', MAKEFLAGS: '' };
    await exec('make', ['-C', source, ...given, 'allnoconfig'], { env });
    return await readFile(join(directory, '.config'), 'utf8');
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe.each(['6.12', '6.1'])('on Linux %s', (line) => {
  test('each application of the catalogue gets all that it asks for, with a network or without', async () => {
    const apps = [...(await loadCatalogue()).keys()];
    for (const features of [[], ['net']]) {
      const source = { kind: 'line', line } as const;
      for (const spec of await kernelSpecs(apps, [], { source, features })) {
        const { text } = await configureKernel(spec, context);
        const lacking = spec.options.filter(
          ({ name, value }) => value === 'y' && !text.includes(`\nCONFIG_${name}=y\n`),
        );
        expect({ kernel: spec.label, lacking }).toEqual({ kernel: spec.label, lacking: [] });
      }
    }
  });

  test.each([
    ['redis', { apps: ['redis'], variants: [] }],
    ['redis for size and for several CPUs', { apps: ['redis'], variants: ['smp-tiny'] }],
    ['lupine-general', { apps: [], variants: [], profile: 'lupine-general' }],
    ['microvm', { apps: [], variants: [], profile: 'microvm' }],
  ] as const)('%s', async (_, { apps, variants, ...options }) => {
    const [spec] = await kernelSpecs(apps, variants, {
      ...options,
      source: { kind: 'line', line },
    });
    if (spec === undefined) throw new Error('no kernel was specified');
    const { source, text } = await configureKernel(spec, context);
    expect(text).toBe(await reference(spec, source.path));
  });
});
