/**
 * The library against the kernel's own conf: every byte of every file, line of output and exit status.
 * A part of it on 6.12 for x86_64 runs always, all of it in a full run.
 */

import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mergeFragments, type ConfigFormat, type Target } from '../../../src/kconfig/index.js';
import { exec } from '../../support/exec.js';
import { fullTest } from '../../support/full.js';
import { Reference, type Side } from '../../support/kconfig-reference.js';

const LINES = ['6.1', '6.12'] as const;
const ARCHITECTURES = ['x86_64', 'arm64', 'riscv', 'arm', 'powerpc', 's390'] as const;
/** Random configurations a line and architecture. */
const RANDOM = 45;

const NEW: readonly Target[] = ['allnoconfig', 'allyesconfig', 'allmodconfig', 'alldefconfig'];
const REWRITING: readonly Target[] = ['mod2yesconfig', 'yes2modconfig', 'mod2noconfig'];
const LISTING: readonly Target[] = ['listnewconfig', 'helpnewconfig'];

const reference = new Reference();
afterAll(() => reference.close());

/** Numbers below a bound, always the same ones for a seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

/** The configuration with lines left out, changed and made nonsense of. */
function mutated(config: string, seed: number): string {
  const random = numbers(seed);
  return config
    .split('\n')
    .map((line) => {
      if (random(100) >= 12) return line;
      switch (random(6)) {
        case 0:
          return line.replace(/=y$/, '=n');
        case 1:
          return line.replace(/=[ym]$/, (value) => (value === '=y' ? '=m' : '=y'));
        case 2:
          return line.replace(/^# (.*) is not set$/, '$1=y');
        case 3:
          return line.replace(/=([0-9x]+)$/, '=$17');
        case 4:
          return `${line}\n${line}`;
        default:
          return random(8) === 0 ? line.slice(0, random(line.length + 1)) : '';
      }
    })
    .join('\n');
}

function defconfigs(side: Side): string[] {
  const directory = `arch/${side.kconfig.environment['SRCARCH'] ?? ''}/configs`;
  return readdirSync(join(side.kconfig.tree, directory))
    .filter((name) => name.endsWith('defconfig'))
    .map((name) => `${directory}/${name}`);
}

function randconfig(side: Side, seed: number): string {
  const { written } = side.byConf({
    target: 'randconfig',
    environment: { KCONFIG_SEED: String(seed) },
  });
  if (written === undefined) throw new Error('conf made no random configuration');
  return written;
}

/** Reading a configuration: as it is, and with errors in it. */
function onConfig(side: Side, config: string, seed: number, targets: readonly Target[]): string[] {
  return targets.flatMap((target) => [
    ...side.differences({ target, files: { '.config': config } }),
    ...side.differences({
      target,
      files: { '.config': mutated(config, seed) },
      environment: { KCONFIG_WARN_UNKNOWN_SYMBOLS: '1' },
    }),
  ]);
}

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

for (const line of LINES) {
  for (const arch of ARCHITECTURES) {
    fullTest(`${line} for ${arch} as conf has it`, async () => {
      const side = await reference.open(line, arch);
      const found = NEW.flatMap((target) => side.differences({ target }));
      for (const [index, defconfig] of defconfigs(side).entries()) {
        const made = side.byLibrary({ target: 'defconfig', defconfig }).written ?? '';
        found.push(...side.differences({ target: 'defconfig', defconfig }));
        const files = { '.config': made };
        found.push(...side.differences({ target: 'savedefconfig', files }));
        found.push(...onConfig(side, made, index + 1, ['olddefconfig']));
        if (index % 8 === 0) found.push(...onConfig(side, made, index + 2, REWRITING));
        if (index % 8 === 4) found.push(...onConfig(side, made, index + 3, LISTING));
      }
      expect(found).toEqual([]);
    });

    fullTest(`random configurations of ${line} for ${arch} as conf has it`, async () => {
      const side = await reference.open(line, arch);
      const found: string[] = [];
      for (let seed = 1; seed <= RANDOM; seed++) {
        const config = randconfig(side, seed);
        found.push(...onConfig(side, config, seed, ['olddefconfig', 'savedefconfig']));
        if (seed % 9 === 0) found.push(...onConfig(side, config, seed, REWRITING));
        if (seed % 9 === 4) found.push(...onConfig(side, config, seed, LISTING));
      }
      expect(found).toEqual([]);
    });
  }
}
