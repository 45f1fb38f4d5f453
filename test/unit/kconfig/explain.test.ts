import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/kconfig/explain.js';
import { whyNot } from '../../../src/kconfig/why-not.js';
import { configured } from './configured.js';

const text = `config EXPERT
	bool "expert"
config NET
	bool "networking"
if NET
menu "Devices"
	visible if EXPERT
config CARD
	bool "card" if EXPERT || FAST
	depends on BUS || LEGACY
	depends on !SMALL
	select LIB
	help
	  A card.

	  For a bus.
endmenu
endif
config BUS
	bool "bus"
config LEGACY
	bool "legacy"
config FAST
	bool "fast"
config SMALL
	bool "small"
config LIB
	bool
config SWITCH
	bool "switch"
	select LIB if FAST
config PORT
	bool "port"
	depends on CARD && NET
config MAYBE
	bool "maybe"
	depends on CARD || BUS
config NEVER
	bool "never"
	depends on SMALL && !SMALL
`;

function explained(name: string, user: Readonly<Record<string, string>> = {}) {
  const { values, symbol, written } = configured(text, user);
  return explain(values, symbol(name), written);
}

describe('explain', () => {
  it('keeps the conditions apart, each with its place', () => {
    const [definition] = explained('CARD', { NET: 'y', BUS: 'y' }).definitions;
    expect(definition).toMatchObject({
      position: { file: 'Kconfig', line: 8 },
      path: ['Devices'],
      prompt: 'card',
      help: 'A card.\n\nFor a bus.',
    });
    expect(
      definition?.needs.map(({ text: what, value, origin, position }) => [
        what,
        value,
        origin,
        position.line,
      ]),
    ).toEqual([
      ['NET', 'y', 'if', 5],
      ['BUS || LEGACY', 'y', 'depends', 10],
      ['!SMALL', 'y', 'depends', 11],
    ]);
    expect(definition?.shown.map(({ text: what, value, origin }) => [what, value, origin])).toEqual(
      [
        ['EXPERT', 'n', 'visible'],
        ['EXPERT || FAST', 'n', 'prompt'],
      ],
    );
  });

  it('makes a tree of a condition, with the values of its options', () => {
    const need = explained('CARD', { BUS: 'y' }).definitions[0]?.needs[1];
    expect(need).toMatchObject({
      kind: 'any',
      parts: [
        { kind: 'one', text: 'BUS', value: 'y', options: [{ name: 'BUS', value: 'y' }] },
        { kind: 'one', text: 'LEGACY', value: 'n', options: [{ name: 'LEGACY', value: 'n' }] },
      ],
    });
  });

  it('tells what cannot be on without it', () => {
    expect(explained('CARD').neededBy.map(({ name }) => name)).toEqual(['PORT']);
    expect(explained('NET').neededBy.map(({ name }) => name)).toEqual(['CARD', 'PORT']);
  });

  it('tells who selects it, and why that does not take', () => {
    const { selectedBy } = explained('LIB', { SWITCH: 'y' });
    expect(selectedBy).toMatchObject([
      { name: 'CARD', value: 'n', active: false, unmet: [] },
      { name: 'SWITCH', value: 'y', active: false, unmet: ['FAST'] },
    ]);
    expect(explained('SWITCH').selects).toMatchObject([{ name: 'LIB', active: false }]);
  });

  it('shows the members of a choice', () => {
    const { values, symbol, written } = configured(
      'choice\n\tprompt "how"\nconfig ONE\n\tbool "one"\nconfig TWO\n\tbool "two"\nendchoice\n',
    );
    expect(explain(values, symbol('TWO'), written).choice).toEqual({
      prompt: 'how',
      members: [
        { name: 'ONE', value: 'y' },
        { name: 'TWO', value: 'n' },
      ],
    });
  });
});

describe('whyNot', () => {
  const asked = (name: string, user: Readonly<Record<string, string>> = {}, wanted = 'y') => {
    const { values, symbol, written } = configured(text, user);
    return whyNot(values, symbol(name), wanted, written);
  };

  it('lists what is not met, with its place, and the smallest fix', () => {
    const { obstacles, fix } = asked('PORT', { BUS: 'y' });
    expect(obstacles).toMatchObject([
      {
        promptless: false,
        unmet: [
          {
            text: 'CARD && NET',
            position: { file: 'Kconfig', line: 34 },
            failing: [{ text: 'CARD' }, { text: 'NET' }],
          },
        ],
      },
    ]);
    expect(fix).toMatchObject({
      kind: 'settings',
      answer: {
        settings: [
          { name: 'EXPERT', value: 'y' },
          { name: 'NET', value: 'y' },
          { name: 'CARD', value: 'y' },
          { name: 'PORT', value: 'y' },
        ],
      },
    });
  });

  it('names who could turn on what has no prompt', () => {
    expect(asked('LIB')).toMatchObject({
      obstacles: [{ promptless: true, unmet: [] }],
      selectors: [{ name: 'CARD' }, { name: 'SWITCH' }],
      fix: { kind: 'settings' },
    });
  });

  it('proves what cannot be', () => {
    const { fix } = asked('NEVER');
    expect(fix.kind).toBe('impossible');
    if (fix.kind === 'impossible') {
      expect(fix.clash.map((rule) => rule.text)).toContain('Kconfig:40: NEVER depends on SMALL');
    }
  });

  it('has nothing to fix where it is so already', () => {
    expect(asked('BUS', { BUS: 'y' }).fix).toEqual({ kind: 'none needed' });
    expect(asked('LIB', { SWITCH: 'y', FAST: 'y' }, 'n').fix.kind).toBe('settings');
  });
});
