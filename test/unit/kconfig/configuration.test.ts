import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KconfigError } from '../../../src/kconfig/errors.js';
import { Named, spaceOf, symbolOf } from './small-space.js';

const MODULES = 'config MODULES\n\tbool "modules"\n\tmodules\n';

describe('values', () => {
  test('a default applies where the user said nothing', () => {
    const named = new Named(spaceOf('config A\n\tbool "a"\n\tdefault y\n'));
    expect(named.value('A')).toBe('y');
    expect(named.set('A', 'n').value('A')).toBe('n');
    expect(named.unset('A').value('A')).toBe('y');
  });

  test('what the user said has no effect where the prompt is hidden', () => {
    const named = new Named(
      spaceOf('config A\n\tbool "a"\nconfig B\n\tbool "b"\n\tdepends on A\n'),
    );
    expect(named.set('B', 'y').value('B')).toBe('n');
    expect(named.set('A', 'y').value('B')).toBe('y');
  });

  test('dependencies limit a tristate to m', () => {
    const named = new Named(
      spaceOf(`${MODULES}config A\n\ttristate "a"\nconfig B\n\ttristate "b"\n\tdepends on A\n`),
    );
    named.set('MODULES', 'y').set('A', 'm').set('B', 'y');
    expect(named.values('A', 'B')).toBe('A=m B=m');
  });

  test('without modules a tristate is a bool', () => {
    const named = new Named(spaceOf(`${MODULES}config A\n\ttristate "a"\n`));
    named.set('A', 'm');
    expect(named.value('A')).toBe('y');
    expect(named.set('MODULES', 'y').value('A')).toBe('m');
    expect(named.set('MODULES', 'n').value('A')).toBe('y');
  });

  test('select wins over the user, and over dependencies with a warning', () => {
    const named = new Named(
      spaceOf(
        'config A\n\tbool "a"\n\tselect B\nconfig B\n\tbool "b"\n\tdepends on C\nconfig C\n\tbool "c"\n',
      ),
    );
    expect(named.set('A', 'y').value('B')).toBe('y');
    expect(named.warnings.map(({ text }) => text)).toEqual([
      '\nWARNING: unmet direct dependencies detected for B\n' +
        '  Depends on [n]: C [=n]\n' +
        '  Selected by [y]:\n' +
        '  - A [=y]\n',
    ]);
  });

  test('imply gives a default that dependencies and the user can refuse', () => {
    const space = spaceOf(
      'config A\n\tbool "a"\n\timply B\n\timply C\nconfig B\n\tbool "b"\n' +
        'config C\n\tbool "c"\n\tdepends on D\nconfig D\n\tbool "d"\n',
    );
    expect(new Named(space).set('A', 'y').values('B', 'C')).toBe('B=y C=n');
    expect(new Named(space).set('A', 'y').set('B', 'n').value('B')).toBe('n');
  });

  test('numbers are kept in the range that applies', () => {
    const named = new Named(
      spaceOf(
        'config WIDE\n\tbool "wide"\n' +
          'config A\n\tint "a"\n\trange 1 100 if WIDE\n\trange 4 8\n\tdefault 6\n',
      ),
    );
    expect(named.set('A', '50').value('A')).toBe('8');
    expect(named.set('WIDE', 'y').value('A')).toBe('50');
    expect(named.set('WIDE', 'n').set('A', '1').value('A')).toBe('4');
  });

  test.each([
    ['"10" > "9"', 'y'],
    ['"abc" < "abd"', 'y'],
    ['"0x10" = "16"', 'y'],
    ['"010" = "8"', 'y'],
    ['"9223372036854775807" > "9223372036854775806"', 'y'],
    ['"10" = "10 "', 'n'],
    ['"2.10" > "2.9"', 'n'],
  ])('%s is %s', (condition, expected) => {
    const named = new Named(spaceOf(`config A\n\tdef_bool ${condition}\n`));
    expect(named.value('A')).toBe(expected);
  });

  test('a value of the wrong type is refused', () => {
    const space = spaceOf('config A\n\tbool "a"\nconfig B\n\tint "b"\n');
    const named = new Named(space);
    expect(() => named.set('A', 'm')).toThrow(KconfigError);
    expect(() => named.set('B', '007')).toThrow("symbol value '007' invalid for B");
  });

  test('transitional options hand their old value on and are not written', () => {
    const space = spaceOf(
      'config OLD\n\tbool\n\ttransitional\nconfig NEW\n\tbool "new"\n\tdefault OLD\n',
    );
    const named = new Named(space).set('OLD', 'y');
    expect(named.value('NEW')).toBe('y');
    expect(named.configuration.format('config')).not.toContain('CONFIG_OLD');
  });
});

describe('choices between bools', () => {
  const space = spaceOf(
    'config HIDE\n\tbool "hide"\n' +
      'choice\n\tprompt "one"\n\tdefault B\n' +
      'config A\n\tbool "a"\nconfig B\n\tbool "b"\n\tdepends on !HIDE\nconfig C\n\tbool "c"\nendchoice\n',
  );

  test('the default is y, or the first that is visible', () => {
    expect(new Named(space).values('A', 'B', 'C')).toBe('A=n B=y C=n');
    expect(new Named(space).set('HIDE', 'y').values('A', 'B', 'C')).toBe('A=y B=n C=n');
  });

  test('the last decision wins', () => {
    expect(new Named(space).set('C', 'y').set('A', 'y').values('A', 'B', 'C')).toBe('A=y B=n C=n');
    expect(new Named(space).set('A', 'y').set('C', 'y').unset('C').value('A')).toBe('y');
  });

  test('where all are refused, the one that was refused first is y', () => {
    const named = new Named(space).set('B', 'n').set('C', 'n').set('A', 'n');
    expect(named.values('A', 'B', 'C')).toBe('A=n B=y C=n');
  });
});

describe('choices of 6.1', () => {
  const text =
    `${MODULES}choice\n\ttristate "several"\n` +
    'config A\n\ttristate "a"\nconfig B\n\ttristate "b"\nendchoice\n';

  test('members of a choice that is m are free', () => {
    const named = new Named(spaceOf(text, '6.1')).set('MODULES', 'y');
    expect(named.set('A', 'm').set('B', 'm').values('A', 'B')).toBe('A=m B=m');
    expect(named.set('B', 'y').values('A', 'B')).toBe('A=n B=y');
    expect(named.unset('B').values('A', 'B')).toBe('A=m B=n');
  });

  test('an optional one may be left open', () => {
    const optional = 'choice\n\tbool "maybe"\n\toptional\nconfig A\n\tbool "a"\nendchoice\n';
    expect(new Named(spaceOf(optional, '6.1')).value('A')).toBe('n');
    expect(new Named(spaceOf(optional, '6.1')).set('A', 'y').value('A')).toBe('y');
  });
});

/** Twelve options that depend on each other, some through choices and selects. */
const TANGLED =
  `${MODULES}config A\n\ttristate "a"\n\tselect E if C\nconfig B\n\tbool "b"\n\tdefault A\n` +
  'config C\n\ttristate "c"\n\tdepends on A || B\n\timply F\nconfig E\n\ttristate "e"\n\tdepends on B\n' +
  'config F\n\tbool "f"\n\tdepends on A\nchoice\n\tprompt "one"\n\tdepends on B\n' +
  'config G\n\tbool "g"\nconfig H\n\tbool "h"\n\tdepends on F\nconfig I\n\tbool "i"\nendchoice\n' +
  'config J\n\tint "j"\n\trange 2 6 if H\n\tdefault 9 if G\n\tdefault 1\n' +
  'config K\n\tstring "k"\n\tdefault "x" if I\nconfig L\n\tdef_bool J > 4 && K != ""\n';

describe.each(['6.1', '6.12'] as const)('changes one by one, by the rules of %s', (dialect) => {
  const space = spaceOf(TANGLED, dialect);
  const names = ['MODULES', 'A', 'B', 'C', 'E', 'F', 'G', 'H', 'I', 'J', 'K'];
  const change = fc.record({
    name: fc.constantFrom(...names),
    value: fc.constantFrom('n', 'm', 'y', undefined),
  });

  test('give what the same decisions give at once', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
        const named = new Named(space);
        const decided = new Map<string, string>();
        for (const { name, value } of changes) {
          const { type } = symbolOf(space, name);
          decided.delete(name);
          if (value === undefined) {
            named.unset(name);
          } else {
            const fitting = type === 'int' ? '5' : type === 'bool' && value === 'm' ? 'y' : value;
            named.set(name, fitting);
            decided.set(name, fitting);
          }
          named.configuration.format('config');
        }
        const fresh = new Named(space);
        for (const [name, value] of decided) fresh.set(name, value);
        expect(named.configuration.format('config')).toBe(fresh.configuration.format('config'));
        expect(named.configuration.format('defconfig')).toBe(
          fresh.configuration.format('defconfig'),
        );
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});
