import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  all,
  always,
  any,
  not,
  option,
  unknown,
} from '../../../../src/kconfig/source/condition.js';
import type { Condition } from '../../../../src/kconfig/source/condition.js';
import { conditionAt, parseTest } from '../../../../src/kconfig/source/preprocessor.js';

const [a, b, c] = [option('A'), option('B'), option('C')];

describe('parseTest', () => {
  it.each<[string, Condition]>([
    ['defined(CONFIG_A)', a],
    ['defined CONFIG_A', a],
    ['IS_ENABLED(CONFIG_A) && !IS_BUILTIN( CONFIG_B )', all(a, not(b))],
    ['defined(CONFIG_A) || defined(CONFIG_A_MODULE)', a],
    ['(defined(CONFIG_A) || defined(CONFIG_B)) && defined(CONFIG_C)', all(any(a, b), c)],
    ['defined(CONFIG_A) && \\\n\tdefined(CONFIG_B) /* both */', all(a, b)],
    ['CONFIG_A', a],
    ['CONFIG_A > 2 && defined(CONFIG_B)', all(unknown, b)],
    ['GCC_VERSION >= 70000', unknown],
    ['defined(__ARCH_WANT_X) // CONFIG_A', unknown],
    ['defined(CONFIG_A', unknown],
    ['', unknown],
  ])('reads %s', (text, condition) => {
    expect(parseTest(text)).toEqual(condition);
  });

  it('ends on any text', () => {
    const piece = fc.constantFrom('(', ')', '!', '&&', '||', 'defined', 'CONFIG_A', '>', '1', ' ');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(parseTest(pieces.join(''))).toHaveProperty('kind');
      }),
    );
  });
});

describe('conditionAt', () => {
  const text = [
    '#ifdef CONFIG_A',
    'one',
    '#if defined(CONFIG_B) && !defined(CONFIG_C)',
    'two',
    '#endif',
    '#elif defined(CONFIG_C)',
    'three',
    '#else',
    'four',
    '#endif',
    '# ifdef OTHER',
    'five',
    '#endif',
    '#ifndef CONFIG_B',
    'six',
    '#endif',
    'seven',
  ].join('\n');

  it.each<[string, Condition]>([
    ['one', a],
    ['two', all(a, b, not(c))],
    ['three', all(not(a), c)],
    ['four', all(not(a), not(c))],
    ['five', unknown],
    ['six', not(b)],
    ['seven', always],
  ])('of %s', (word, condition) => {
    expect(conditionAt(text, text.indexOf(word))).toEqual(condition);
  });
});
