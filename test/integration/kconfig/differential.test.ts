/**
 * The library against the kernel's own conf: every byte of every file, line of output and exit status.
 * A part of it on 6.12 for x86_64 runs always, all of it in a full run.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mergeFragments, type ConfigFormat } from '../../../src/kconfig/index.js';
import { exec } from '../../support/exec.js';
import { Reference, type Side } from '../../support/kconfig-reference.js';
import {
  ARCHITECTURES,
  compareAll,
  defconfigs,
  LISTING,
  mutated,
  NEW,
  REWRITING,
} from './whole.js';

const reference = new Reference();
afterAll(() => reference.close());

/** What the kernel's own script makes of a configuration and fragments over it. */
async function merge(tree: string, base: string, fragments: readonly string[]): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'lupine-merge-'));
  try {
    writeFileSync(join(directory, '.config'), base);
    const script = join(tree, 'scripts/kconfig/merge_config.sh');
    const paths = fragments.map((name) => join(tree, name));
    await exec('sh', [script, '-m', '.config', ...paths], { cwd: directory });
    return readFileSync(join(directory, '.config'), 'utf8');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('6.12 for x86_64', () => {
  let side: Side;
  let mod: string;

  beforeAll(async () => {
    side = await reference.open('6.12', 'x86_64');
    mod = side.kconfig.run('allmodconfig').written ?? '';
  });

  test.each(NEW)('%s', (target) => {
    expect(side.differences({ target })).toEqual([]);
  });

  test.each(REWRITING)('%s of a configuration full of modules', (target) => {
    expect(side.differences({ target, files: { '.config': mod } })).toEqual([]);
  });

  test.each(['olddefconfig', 'savedefconfig', ...LISTING] as const)(
    '%s of a damaged configuration',
    (target) => {
      expect(side.differences({ target, files: { '.config': mutated(mod, 3) } })).toEqual([]);
    },
  );

  test('defconfig', () => {
    const found = defconfigs(side).flatMap((defconfig) =>
      side.differences({ target: 'defconfig', defconfig }),
    );
    expect(found).toEqual([]);
  });

  test('allnoconfig with a fragment', () => {
    const environment = { KCONFIG_ALLCONFIG: 'kernel/configs/tiny-base.config' };
    expect(side.differences({ target: 'allnoconfig', environment })).toEqual([]);
    const files = { 'all.config': 'CONFIG_SMP=y\nCONFIG_MODULES=y\nCONFIG_EXT4_FS=m\n' };
    const given = { KCONFIG_ALLCONFIG: '1' };
    expect(side.differences({ target: 'allnoconfig', files, environment: given })).toEqual([]);
  });

  test('tinyconfig', async () => {
    const { tree } = side.kconfig;
    const base = side.byConf({
      target: 'allnoconfig',
      environment: { KCONFIG_ALLCONFIG: 'kernel/configs/tiny-base.config' },
    }).written;
    const fragments = ['kernel/configs/tiny.config', 'arch/x86/configs/tiny.config'];
    const merged = await merge(tree, base ?? '', fragments);
    const texts = fragments.map((name) => readFileSync(join(tree, name), 'utf8'));
    expect(mergeFragments(base ?? '', texts)).toBe(merged);
    const { written } = side.byConf({ target: 'olddefconfig', files: { '.config': merged } });
    expect(side.kconfig.run('tinyconfig').written === written).toBe(true);
  });

  test('gives up on warnings where KCONFIG_WERROR is set', () => {
    const files = { '.config': 'CONFIG_SMP=perhaps\n' };
    const environment = { KCONFIG_WERROR: '1' };
    expect(side.differences({ target: 'olddefconfig', files, environment })).toEqual([]);
  });

  test('what the build reads', () => {
    const { generated } = side.byConf({ target: 'alldefconfig' });
    const written = side.kconfig.run('alldefconfig').written ?? '';
    const configuration = side.kconfig.configuration();
    configuration.read(written, '.config');
    for (const format of ['auto.conf', 'autoconf.h', 'rustc_cfg'] satisfies ConfigFormat[]) {
      expect(configuration.format(format) === generated[format], format).toBe(true);
    }
    expect(configuration.format('config') === written).toBe(true);
  });
});

compareAll(reference, '6.12', ARCHITECTURES[0]);
