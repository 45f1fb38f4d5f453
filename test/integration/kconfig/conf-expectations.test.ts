/**
 * The kernel's own tests of configurations (scripts/kconfig/tests of its source tree), by the library.
 *
 * Left out, since the library asks no questions and draws nothing at random: what `oldaskconfig` and
 * `oldconfig` print (auto_submenu, choice's oldask…, new_choice_with_dep, choice_value_with_m_dep's
 * stdout) and choice_randomize…. Where such a test expects a configuration, the answers are decided on
 * instead. Macros and inclusion are tested in parser-expectations.test.ts.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Configuration, KconfigError } from '../../../src/kconfig/index.js';
import { parseKconfig } from '../../../src/kconfig/load.js';
import type { Space } from '../../../src/kconfig/model.js';
import { dialectOf, resolve } from '../../../src/kconfig/resolve.js';
import { runTarget, type Target } from '../../../src/kconfig/targets.js';
import { prepareSource } from '../../../src/kernel/index.js';
import { silentProgress } from '../../../src/support/progress.js';

describe.each(['6.1', '6.12'] as const)('the tests of %s', (line) => {
  /** One of the tests' directories, with the space of its Kconfig file. */
  async function open(name: string) {
    const { path } = await prepareSource({ kind: 'line', line }, [], { progress: silentProgress });
    const tree = join(path, 'scripts/kconfig/tests', name);
    const read = (file: string): string | undefined =>
      existsSync(join(tree, file)) ? readFileSync(join(tree, file), 'utf8') : undefined;
    const space = (): Space =>
      resolve(parseKconfig({ tree, environment: {}, shell: () => '' }), dialectOf(path));
    return { read, space };
  }

  test.each(['allyes', 'allmod', 'allno', 'alldef'] as const)('choice: %s', async (kind) => {
    const { read, space } = await open('choice');
    const target: Target = `${kind}config`;
    const expected = read(`${kind}_expected_config`) ?? 'nothing';
    expect(runTarget(space(), { target, read: () => undefined }).written).toContain(expected);
  });

  test('err_recursive_dep', async () => {
    const { read, space } = await open('err_recursive_dep');
    let printed = '';
    try {
      space();
    } catch (error) {
      if (!(error instanceof KconfigError)) throw error;
      printed = `${error.message}\n`;
    }
    expect(printed).toContain(read('expected_stderr'));
  });

  test('no_write_if_dep_unmet', async () => {
    const { read, space } = await open('no_write_if_dep_unmet');
    expect(answered(space(), read('config') ?? '', 'A', 'n')).toBe(read('expected_config'));
  });

  if (line === '6.1')
    test('choice_value_with_m_dep', async () => {
      const { read, space } = await open('choice_value_with_m_dep');
      const config = answered(space(), read('config') ?? '', 'CHOICE0', 'y');
      expect(config).toContain(read('expected_config'));
    });

  if (line === '6.1')
    test('inter_choice', async () => {
      const { read, space } = await open('inter_choice');
      const { written } = runTarget(space(), { target: 'defconfig', defconfig: 'defconfig', read });
      expect(written).toContain(read('expected_config'));
    });
});

/** The configuration that comes of another and one more answer. */
function answered(space: Space, config: string, name: string, value: string): string {
  const symbol = space.byName.get(name);
  if (symbol === undefined) throw new Error(`no symbol ${name}`);
  const configuration = new Configuration(space);
  configuration.read(config, 'config');
  configuration.set(symbol, value);
  return configuration.format('config');
}
