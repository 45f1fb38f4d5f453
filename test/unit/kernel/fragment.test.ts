import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatFragment,
  isGenerated,
  parseConfig,
  parseFragment,
} from '../../../src/kernel/fragment.js';
import { LupineError } from '../../../src/support/errors.js';

const parse = (text: string) => parseFragment(text, 'f.config', 'profile f');

describe('parseFragment', () => {
  it('gives each option of a group the comment above it', () => {
    expect(
      parse(
        '# About the file.\n\n# Sockets,\n# for servers.\nCONFIG_NET=y\nCONFIG_INET=y\n\nCONFIG_X=3\n',
      ),
    ).toEqual([
      { name: 'NET', value: 'y', from: 'profile f', because: 'Sockets, for servers.' },
      { name: 'INET', value: 'y', from: 'profile f', because: 'Sockets, for servers.' },
      { name: 'X', value: '3', from: 'profile f' },
    ]);
  });

  it('starts a new reason at a comment directly after a group', () => {
    const [, second] = parse('# one\nCONFIG_A=y\n# two\nCONFIG_B=y\n');
    expect(second?.because).toBe('two');
  });

  it('reads what is off, hexadecimal numbers and strings with escapes', () => {
    const values = parse(
      '# CONFIG_A is not set\nCONFIG_B=0x200000\nCONFIG_C="a \\"b\\" \\\\"\nCONFIG_D=""\n',
    );
    expect(values.map(({ value }) => value)).toEqual(['n', '0x200000', 'a "b" \\', '']);
  });

  it.each([
    ['CONFIG_A=y # why', 'f.config:1'],
    ['CONFIG_A=maybe', 'f.config:1'],
    ['CONFIG_A="open', 'f.config:1'],
    ['\nNET=y', 'f.config:2'],
    ['CONFIG_A=y\n# CONFIG_A is not set', 'f.config:2'],
  ])('refuses %j and says where', (text, where) => {
    try {
      parse(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(LupineError);
      expect((error as LupineError).where).toContain(where);
    }
  });

  it('reads back what formatFragment wrote', () => {
    const value = fc.oneof(
      fc.constantFrom('y', 'm', 'n'),
      fc.integer().map(String),
      fc
        .string()
        .filter((text) => !/[\r\n]/.test(text) && !/^(?:[ymn]|-?\d+|0[xX][\da-fA-F]+)$/.test(text)),
    );
    const name = fc.stringMatching(/^[A-Z0-9_]{1,20}$/);
    fc.assert(
      fc.property(fc.dictionary(name, value, { noNullPrototype: true }), (options) => {
        const requests = Object.entries(options).map(([key, text]) => ({
          name: key,
          value: text,
          from: 'f',
        }));
        const found = parseFragment(formatFragment(requests), 'f', 'f');
        expect(Object.fromEntries(found.map((one) => [one.name, one.value]))).toEqual(options);
      }),
    );
  });

  it('never fails but with an error for the user', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[#CONFIG_ a-z="\\\n]{0,60}$/), (text) => {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(LupineError);
        }
      }),
    );
  });
});

describe('parseConfig', () => {
  it('leaves out what is off', () => {
    const text =
      '# Automatically generated file; DO NOT EDIT.\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="x"\n';
    expect([...parseConfig(text)]).toEqual([
      ['A', 'y'],
      ['C', 'x'],
    ]);
    expect(isGenerated(text)).toBe(true);
  });
});
