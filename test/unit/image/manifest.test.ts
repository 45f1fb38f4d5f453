import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINUX_AMD64 } from '../../../src/image/config.js';
import { type Index, choosePlatform, parseDocument } from '../../../src/image/manifest.js';
import { LupineError } from '../../../src/support/errors.js';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from './support/images.js';

const digest = `sha256:${'0'.repeat(64)}`;
const layer = { mediaType: OCI_LAYER, digest, size: 10 };
const manifest = {
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: { mediaType: OCI_CONFIG, digest, size: 10 },
  layers: [layer],
};
const parse = (value: unknown, type = '') =>
  parseDocument(Buffer.from(JSON.stringify(value)), type, 'here');

describe('parseDocument', () => {
  it('reads OCI and docker manifests', () => {
    expect(parse(manifest).kind).toBe('manifest');
    const docker = {
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: { ...manifest.config, mediaType: 'application/vnd.docker.container.image.v1+json' },
      layers: [{ ...layer, mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' }],
    };
    expect(parse(docker).kind).toBe('manifest');
    expect(parse({ ...manifest, mediaType: undefined }, OCI_MANIFEST).kind).toBe('manifest');
    expect(parse({ schemaVersion: 2, manifests: [] }).kind).toBe('index');
  });

  it.each([
    [{ schemaVersion: 1, fsLayers: [] }, 'schema 1'],
    [{ ...manifest, manifests: [] }, 'at once'],
    [{ ...manifest, mediaType: OCI_INDEX }, 'at once'],
    [{ ...manifest, config: { ...manifest.config, mediaType: 'application/x.helm' } }, 'x.helm'],
    [{ ...manifest, config: { ...manifest.config, size: 5 << 20 } }, '4 MiB'],
    [{ ...manifest, layers: [{ ...layer, digest: 'sha256:../../etc/passwd' }] }, 'digest'],
    [{ ...manifest, layers: [{ ...layer, size: -1 }] }, 'size'],
    [{ ...manifest, layers: [{ ...layer, size: 1e300 }] }, 'size'],
    [{ ...manifest, layers: [{ ...layer, size: 1.5 }] }, 'size'],
    [{ ...manifest, layers: Array.from({ length: 600 }, () => layer) }, 'too many layers'],
    [{ ...manifest, layers: [{ ...layer, mediaType: `${OCI_LAYER}+encrypted` }] }, 'unknown kind'],
    [
      {
        ...manifest,
        layers: [
          { ...layer, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' },
        ],
      },
      'foreign layer',
    ],
    [
      {
        ...manifest,
        layers: [
          { ...layer, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' },
        ],
      },
      'foreign layer',
    ],
  ])('refuses %#: %o', (value, message) => expect(() => parse(value)).toThrow(message));

  it('takes any mutation of a manifest or says what is wrong', () => {
    const paths = fc.constantFrom(
      ['schemaVersion'],
      ['mediaType'],
      ['config'],
      ['config', 'digest'],
      ['config', 'size'],
      ['config', 'mediaType'],
      ['layers'],
      ['layers', '0'],
      ['layers', '0', 'digest'],
      ['layers', '0', 'size'],
      ['layers', '0', 'mediaType'],
      ['manifests'],
    );
    fc.assert(
      fc.property(paths, fc.jsonValue(), (path, value) => {
        const copy = structuredClone(manifest) as unknown as Record<string, unknown>;
        let at = copy;
        for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
        at[path.at(-1) ?? ''] = value;
        try {
          const document = parse(copy);
          if (document.kind === 'index') return;
          for (const it of [document.manifest.config, ...document.manifest.layers]) {
            expect(it.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
            expect(Number.isSafeInteger(it.size) && it.size >= 0).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(LupineError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('choosePlatform', () => {
  const entry = (os: string, architecture: string, variant = '') => ({
    mediaType: OCI_MANIFEST,
    digest: `sha256:${Buffer.from(os + architecture + variant)
      .toString('hex')
      .padEnd(64, '0')}`,
    size: 1,
    platform: { os, architecture, variant },
    annotations: {},
  });
  const index = (...manifests: Index['manifests']): Index => ({
    schemaVersion: 2,
    mediaType: '',
    manifests,
  });

  it('takes the plainest variant', () => {
    const plain = entry('linux', 'amd64');
    const others = [entry('linux', 'arm64'), entry('linux', 'amd64', 'v3')];
    expect(choosePlatform(index(...others, plain), LINUX_AMD64, 'here')).toBe(plain);
    expect(choosePlatform(index(...others), LINUX_AMD64, 'here')).toBe(others[1]);
  });

  it('takes the only entry without a platform', () => {
    const only = { ...entry('linux', 'amd64'), platform: undefined };
    expect(choosePlatform(index(only), LINUX_AMD64, 'here')).toBe(only);
    expect(() => choosePlatform(index(only, only), LINUX_AMD64, 'here')).toThrow('nothing for');
  });

  it('lists what there is instead', () => {
    const attestation = entry('unknown', 'unknown');
    const there = index(entry('linux', 'arm64', 'v8'), entry('windows', 'amd64'), attestation);
    try {
      choosePlatform(there, LINUX_AMD64, 'here');
      expect.unreachable();
    } catch (error) {
      expect((error as LupineError).line).toBe(
        'the image has nothing for linux/amd64: here — it has linux/arm64/v8, windows/amd64',
      );
    }
  });
});
