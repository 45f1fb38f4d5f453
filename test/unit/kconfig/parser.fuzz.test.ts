import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KconfigError } from '../../../src/kconfig/errors.js';
import { read } from './read.js';

/** Pieces of the language, so that nonsense gets past the first line. */
const piece = fc.constantFrom(
  ...['config', 'menuconfig', 'choice', 'endchoice', 'menu', 'endmenu', 'if', 'endif', 'comment'],
  ...['bool', 'tristate', 'default', 'def_bool', 'select', 'imply', 'range', 'depends', 'on'],
  ...['visible', 'prompt', 'help', 'source', 'mainmenu', 'modules', 'optional', 'transitional'],
  ...[
    '\n',
    '\n\t',
    '\n\t  ',
    '\n',
    ' ',
    '\\\n',
    '# ',
    '"',
    "'",
    '"text"',
    '\\',
    '\r',
    '\0',
    'é',
    '💥',
  ],
  ...[
    '=',
    ':=',
    '+=',
    '!=',
    '<',
    '&&',
    '||',
    '!',
    '(',
    ')',
    '&',
    ':',
    ',',
    'A',
    'B',
    'f',
    '1',
    'y',
  ],
  ...['$', '$(', '$(A)', '$(f,', '$(1)', '$(2)', '$(info,', '$(warning-if,y,', '$(error-if,y,'],
  ...[
    '$(shell,',
    '$(lineno)',
    '$(filename)',
    '$(B)$(B)',
    'A = $(B)\n',
    'B = $(A)\n',
    'f = $(f,$(1)x)\n',
  ],
  ...['source "Kconfig"\n', 'source "other"\n', 'config A\n\tbool "a"\n\tdepends on B\n'],
);
const nonsense = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));

const anything = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 80 })
  .map((codes) => String.fromCharCode(...codes));

const real = `mainmenu "Linux/$(ARCH) Kernel Configuration"
comma := ,
success = y
cc-option = $(success,$(CC) -Werror $(1) -c -x c /dev/null -o /dev/null)
source "other"
menu "General setup"
	visible if !EXPERT && (A || B = "x")
config A
	def_bool $(cc-option,-Wa$(comma)-mtune=$(1))
	depends on B!=n
	select C if D<=5
	help
	  Some text,
	    indented.

choice
	prompt "One of them" if E
	default F if $(success,true)
config F
	bool "f \\"quoted\\""
	range 1 0x20
endchoice
if A && \\
   B
menuconfig G
	tristate 'g'
endif
endmenu
`;

/** Real text with pieces taken out, doubled or put elsewhere. */
const mutated = fc
  .array(fc.tuple(fc.nat(real.length), fc.nat(40), fc.nat(real.length)), {
    minLength: 1,
    maxLength: 6,
  })
  .map((cuts) =>
    cuts.reduce((text, [start, length, target]) => {
      const without = text.slice(0, start) + text.slice(start + length);
      return (
        without.slice(0, target) + text.slice(start, start + length / 2) + without.slice(target)
      );
    }, real),
  );

function readsOrSaysWhy(text: string, other: string): void {
  try {
    const { entries } = read(text, { files: { other }, shell: (command) => `${command}\n` });
    expect(Array.isArray(entries)).toBe(true);
  } catch (error) {
    if (!(error instanceof KconfigError)) throw error;
    expect(error.message).not.toBe('');
  }
}

describe('the parser', () => {
  it('throws nothing but its own error at arbitrary text', () => {
    fc.assert(fc.property(anything, anything, readsOrSaysWhy), { numRuns: 300 });
  });

  it('throws nothing but its own error at pieces of the language', () => {
    fc.assert(fc.property(nonsense, nonsense, readsOrSaysWhy), { numRuns: 1500 });
  });

  it('throws nothing but its own error at damaged files', () => {
    expect(read(real, { files: { other: '' } }).entries).toHaveLength(1);
    fc.assert(fc.property(mutated, nonsense, readsOrSaysWhy), { numRuns: 1000 });
  });
});
