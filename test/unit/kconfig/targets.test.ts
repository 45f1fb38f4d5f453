import { describe, expect, test } from 'vitest';
import { mergeFragments } from '../../../src/kconfig/kernel-targets.js';
import { optionLines, run, spaceOf } from './small-space.js';

const SPACE =
  'mainmenu "Test"\n\nconfig MODULES\n\tbool "modules"\n\tmodules\n\n' +
  'menu "Things"\n\nconfig A\n\ttristate "a"\n\tdefault y\n\n' +
  'config B\n\tbool "b"\n\thelp\n\t  All about b.\n\nendmenu\n\n' +
  'comment "and more"\n\tdepends on A\n\nconfig N\n\tint "n"\n\tdefault 3\n';
const space = spaceOf(SPACE);

test('a configuration is written with its menus and comments', () => {
  expect(run(space, 'alldefconfig').written).toBe(
    '#\n# Automatically generated file; DO NOT EDIT.\n# Test\n#\n' +
      '# CONFIG_MODULES is not set\n' +
      '\n#\n# Things\n#\nCONFIG_A=y\n# CONFIG_B is not set\n# end of Things\n' +
      '\n#\n# and more\n#\nCONFIG_N=3\n',
  );
});

test.each([
  [
    'allnoconfig',
    ['# CONFIG_MODULES is not set', '# CONFIG_A is not set', '# CONFIG_B is not set'],
  ],
  ['allyesconfig', ['CONFIG_MODULES=y', 'CONFIG_A=y', 'CONFIG_B=y']],
  ['allmodconfig', ['CONFIG_MODULES=y', 'CONFIG_A=m', 'CONFIG_B=y']],
] as const)('%s', (target, lines) => {
  expect(optionLines(run(space, target).written ?? '')).toEqual([...lines, 'CONFIG_N=3']);
});

test('allnoconfig keeps what KCONFIG_ALLCONFIG names', () => {
  const files = { 'my.config': 'CONFIG_B=y\n' };
  const { written } = run(space, 'allnoconfig', files, { KCONFIG_ALLCONFIG: 'my.config' });
  expect(written).toContain('CONFIG_B=y\n');
});

test('a seed that is not there is an error', () => {
  const { status, text, written } = run(space, 'allnoconfig', {}, { KCONFIG_ALLCONFIG: 'none' });
  expect(status).toBe(1);
  expect(text).toBe('*** Can\'t read seed configuration "none"!\n');
  expect(written).toBeUndefined();
});

test('a configuration that stays as it is, is said to', () => {
  const config = run(space, 'alldefconfig').written ?? '';
  expect(run(space, 'olddefconfig', { '.config': config }).text).toBe(
    '#\n# No change to .config\n#\n',
  );
  expect(run(space, 'olddefconfig', {}).text).toBe('#\n# configuration written to .config\n#\n');
});

test('savedefconfig leaves out what is so by default', () => {
  const files = { '.config': '# CONFIG_A is not set\nCONFIG_N=3\n' };
  expect(run(space, 'savedefconfig', files).written).toBe('# CONFIG_A is not set\n');
});

test('listnewconfig names visible options that are not decided', () => {
  const { text } = run(space, 'listnewconfig', { '.config': 'CONFIG_A=y\nCONFIG_N=4\n' });
  expect(text).toBe('CONFIG_MODULES=n\nCONFIG_B=n\n');
});

test('helpnewconfig describes them', () => {
  const files = { '.config': 'CONFIG_A=y\nCONFIG_MODULES=y\nCONFIG_N=4\n' };
  expect(run(space, 'helpnewconfig', files).text).toBe(
    '-----\n\nCONFIG_B:\n\nAll about b.\n\nSymbol: B [=n]\nType  : bool\nDefined at Kconfig:13\n' +
      '  Prompt: b\n  Location:\n    -> Things\n      -> b (B [=n])\n\n\n\n-----\n',
  );
});

test('mod2yesconfig and yes2modconfig change tristates only', () => {
  const files = { '.config': 'CONFIG_MODULES=y\nCONFIG_A=m\nCONFIG_B=y\n' };
  const yes = run(space, 'mod2yesconfig', files).written ?? '';
  expect(optionLines(yes)).toContain('CONFIG_A=y');
  expect(optionLines(run(space, 'yes2modconfig', { '.config': yes }).written ?? '')).toEqual([
    'CONFIG_MODULES=y',
    'CONFIG_A=m',
    'CONFIG_B=y',
    'CONFIG_N=3',
  ]);
});

describe('KCONFIG_WERROR', () => {
  test('makes warnings errors', () => {
    const result = run(space, 'olddefconfig', { '.config': 'what\n' }, { KCONFIG_WERROR: '1' });
    expect(result).toMatchObject({ status: 1, text: '.config:1:warning: unexpected data: what\n' });
  });
});

test('fragments replace what they speak of', () => {
  const base = 'CONFIG_A=y\nCONFIG_AB=y\n# CONFIG_B is not set\n';
  expect(mergeFragments(base, ['CONFIG_B=y\n', '# CONFIG_A is not set\n'])).toBe(
    'CONFIG_AB=y\n\nCONFIG_B=y\n\n# CONFIG_A is not set\n',
  );
});
