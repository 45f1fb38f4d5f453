/**
 * The whole comparison of one kernel line with its own conf: every target, all defconfigs, and random
 * configurations, for six architectures. For full runs; in several files, which run at once.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Target } from '../../../src/kconfig/index.js';
import { fullTest } from '../../support/full.js';
import type { Reference, Side } from '../../support/kconfig-reference.js';

/** In two parts that take about as long as each other. */
export const ARCHITECTURES = [
  ['x86_64', 'arm64', 'arm'],
  ['riscv', 'powerpc', 's390'],
] as const;
/** Random configurations a line and architecture. */
const RANDOM = 45;

export const NEW: readonly Target[] = [
  'allnoconfig',
  'allyesconfig',
  'allmodconfig',
  'alldefconfig',
];
export const REWRITING: readonly Target[] = ['mod2yesconfig', 'yes2modconfig', 'mod2noconfig'];
export const LISTING: readonly Target[] = ['listnewconfig', 'helpnewconfig'];

/** Numbers below a bound, always the same ones for a seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

/** The configuration with lines left out, changed and made nonsense of. */
export function mutated(config: string, seed: number): string {
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

export function defconfigs(side: Side): string[] {
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

/** Registers the tests of a line and some architectures. */
export function compareAll(
  reference: Reference,
  line: '6.1' | '6.12',
  architectures: readonly string[],
): void {
  for (const arch of architectures) {
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
