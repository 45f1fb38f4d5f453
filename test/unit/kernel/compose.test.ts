import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeOptions, parseProfile, parseVariants } from '../../../src/kernel/compose.js';

let root: string;

const files = {
  'profiles/lupine-base.config': '# base\nCONFIG_A=y\nCONFIG_B=1\nCONFIG_NEW=y\n',
  '6.1/lupine-base.config': '# 6.1 has no NEW\n# CONFIG_NEW is not set\n',
  'profiles/feature-net.config': 'CONFIG_NET=y\n',
  'profiles/tiny.config': '# small\nCONFIG_B=2\n# CONFIG_FUTEX is not set\n',
  'user.config': 'CONFIG_B=3\n',
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lupine-compose-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
});
afterAll(() => rm(root, { recursive: true }));

const compose = (more: Partial<Parameters<typeof composeOptions>[0]> = {}) =>
  composeOptions({ line: '6.12', profile: 'lupine', linuxDirectory: root, ...more });

const valueOf = (composed: Awaited<ReturnType<typeof compose>>, name: string) =>
  composed.options.find((option) => option.name === name)?.value;

describe('composeOptions', () => {
  it('takes the base for lupine, with the reasons', async () => {
    const { options, patches, overrides } = await compose();
    expect(options[0]).toEqual({
      name: 'A',
      value: 'y',
      from: 'profile lupine-base',
      because: 'base',
    });
    expect(patches).toEqual(['lupine']);
    expect(overrides).toEqual([]);
  });

  it('merges profile, feature, variant, application and files, later wins', async () => {
    const composed = await compose({
      variants: ['tiny', 'nokml'],
      features: ['net'],
      application: [{ name: 'FUTEX', value: 'y', from: 'apps/redis.yaml' }],
      configFiles: [join(root, 'user.config')],
    });
    expect(valueOf(composed, 'NET')).toBe('y');
    expect(valueOf(composed, 'B')).toBe('3');
    expect(valueOf(composed, 'FUTEX')).toBe('y');
    expect(
      composed.overrides.map(
        ({ by, of }) => `${of.name}: ${of.from} ${of.value} by ${by.from} ${by.value}`,
      ),
    ).toEqual([
      'B: profile lupine-base 1 by variant tiny 2',
      'FUTEX: variant tiny n by apps/redis.yaml y',
      `B: variant tiny 2 by ${join(root, 'user.config')} 3`,
    ]);
  });

  it('merges what differs on a line right after the common file', async () => {
    expect(valueOf(await compose({ line: '6.1' }), 'NEW')).toBe('n');
    expect(valueOf(await compose(), 'NEW')).toBe('y');
  });

  it('marks what a complete .config says as outcomes', async () => {
    const path = join(root, 'complete.config');
    await writeFile(
      path,
      '#\n# Automatically generated file; DO NOT EDIT.\n#\nCONFIG_CC_IS_GCC=y\n',
    );
    const { options } = await composeOptions({ line: '6.12', configFiles: [path] });
    expect(options).toEqual([{ name: 'CC_IS_GCC', value: 'y', from: path, outcome: true }]);
  });

  it('refuses kml where there is no series for it', async () => {
    await expect(compose({ variants: ['kml'] })).rejects.toThrow('kml is not available');
    await expect(compose({ variants: ['kml', 'nokml'] })).rejects.toThrow('exclude each other');
  });

  it('names a file that is not there', async () => {
    await expect(compose({ profile: 'microvm' })).rejects.toMatchObject({
      where: join(root, 'profiles/microvm.config'),
    });
    await expect(compose({ configFiles: ['/nonexistent'] })).rejects.toMatchObject({
      where: '/nonexistent (ENOENT)',
    });
  });
});

describe('names', () => {
  it('reads the variants of the paper', () => {
    expect(parseVariants('nokml-tiny,smp')).toEqual(['nokml', 'tiny', 'smp']);
    expect(() => parseVariants('huge')).toThrow('no such variant');
  });

  it('refuses an unknown profile', () => {
    expect(parseProfile('lupine')).toBe('lupine');
    expect(() => parseProfile('x')).toThrow('no such profile');
  });
});
