import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Named, optionLines, spaceOf } from './small-space.js';

const SPACE =
  'config MODULES\n\tbool "modules"\n\tmodules\nconfig A\n\tbool "a"\nconfig T\n\ttristate "t"\n' +
  'config N\n\tint "n"\n\tdefault 1\nconfig X\n\thex "x"\n\tdefault 0x1\nconfig S\n\tstring "s"\n';

const spaces = { '6.1': spaceOf(SPACE, '6.1'), '6.12': spaceOf(SPACE) };

function read(text: string, dialect: '6.1' | '6.12' = '6.12') {
  const named = new Named(spaces[dialect]);
  const warnings = named.configuration.read(text, '.config').map((each) => each.text);
  return { named, warnings };
}

test.each([
  ['CONFIG_A=y', 'A', 'y'],
  ['# CONFIG_A is not set', 'A', 'n'],
  ['CONFIG_N=-12', 'N', '-12'],
  ['CONFIG_X=0xFf', 'X', '0xFf'],
  ['CONFIG_S="a \\"b\\" \\\\c" and more', 'S', 'a "b" \\c'],
  ['CONFIG_A=yes', 'A', 'y'],
  ['CONFIG_A=y\r', 'A', 'y'],
])('%s', (line, name, value) => {
  const { named, warnings } = read(`${line}\n`);
  expect(warnings).toEqual([]);
  expect(named.value(name)).toBe(value);
});

test.each([
  ['hello', 'unexpected data: hello'],
  ['CONFIG_A', 'unexpected data: CONFIG_A'],
  ['CONFIG_A=m', "symbol value 'm' invalid for A"],
  ['CONFIG_N=08', "symbol value '08' invalid for N"],
  ['CONFIG_X=0x', "symbol value '0x' invalid for X"],
  ['CONFIG_S="open', 'invalid string found'],
  ['CONFIG_NOPE=y', 'unknown symbol: NOPE'],
])('%s is warned of', (line, warning) => {
  expect(read(`# first\n${line}\n`).warnings).toEqual([`.config:2:warning: ${warning}\n`]);
});

test('of two lines for one option the last counts, with a warning', () => {
  const { named, warnings } = read('CONFIG_A=y\n# CONFIG_A is not set\n');
  expect(warnings).toEqual(['.config:2:warning: override: reassigning to symbol A\n']);
  expect(named.value('A')).toBe('n');
});

describe('6.1', () => {
  test('passes over options without a value', () => {
    expect(read('CONFIG_A\n', '6.1').warnings).toEqual([]);
  });

  test('reads `is not set` though something follows', () => {
    const { named } = read('CONFIG_T=y\n# CONFIG_A is not set, or is it?\n', '6.1');
    expect(named.configuration.format('config')).toContain('# CONFIG_A is not set\n');
  });
});

test('any text is read without an exception, and what is written reads as the same', () => {
  const line = fc.oneof(
    fc.string(),
    fc.tuple(fc.constantFrom('A', 'T', 'N', 'X', 'S', ''), fc.string()).map((parts) => {
      return `CONFIG_${parts.join('=')}`;
    }),
    fc.constantFrom('CONFIG_T=m', '# CONFIG_A is not set', 'CONFIG_S="\\', '#', '\0', '\r'),
  );
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('6.1', '6.12'), (lines, dialect) => {
      const { named } = read(lines.join('\n'), dialect);
      const written = named.configuration.format('config');
      const again = read(written, dialect);
      expect(again.warnings).toEqual([]);
      expect(again.named.configuration.format('config')).toBe(written);
    }),
    { seed: 11, numRuns: 500 },
  );
});

test('strings of any characters but line ends and NUL survive', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !/[\n\r\0]/.test(text)),
      (text) => {
        const named = new Named(spaces['6.12']).set('S', text);
        const line = optionLines(named.configuration.format('config')).join('\n');
        expect(read(`${line}\n`).named.value('S')).toBe(text);
      },
    ),
    { seed: 5 },
  );
});
