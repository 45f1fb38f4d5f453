import { describe, expect, it } from 'vitest';
import { reasonsOf, wouldFollow } from '../../../src/kconfig/reasons.js';
import { configured } from './configured.js';

const text = `config MODULES
	bool "modules"
	modules
config A
	bool "a"
	select LIB
	imply NICE
config B
	bool "b"
	depends on A
config LIB
	bool
config NICE
	bool "nice"
config BY_DEFAULT
	def_bool y if A
config FROM
	def_bool A && !B
config HIDDEN
	bool "hidden" if B
config DRIVER
	tristate "driver"
	depends on BUS
config BUS
	tristate "bus"
config SIZE
	int "size"
	range 1 10
	default 5
config NAME
	string "name"
choice
	prompt "which"
config ONE
	bool "one"
config TWO
	bool "two"
endchoice
`;

const at = (line: number) => ({ file: 'Kconfig', line });

function reasons(name: string, user: Readonly<Record<string, string>>) {
  const { values, symbol } = configured(text, user);
  return reasonsOf(values, symbol(name));
}

describe('reasonsOf', () => {
  it.each<[string, string, Readonly<Record<string, string>>, unknown]>([
    ['what the user set', 'A', { A: 'y' }, { kind: 'user' }],
    ['what the user turned off', 'A', { A: 'n' }, { kind: 'user' }],
    ['what nobody turned on', 'A', {}, { kind: 'unasked' }],
    ['a select', 'LIB', { A: 'y' }, { kind: 'selected', by: 'A', position: at(6) }],
    ['an imply', 'NICE', { A: 'y' }, { kind: 'implied', by: 'A', position: at(7) }],
    ['a default', 'BY_DEFAULT', { A: 'y' }, { kind: 'default', position: at(16) }],
    [
      'a default that is a condition',
      'FROM',
      { A: 'y' },
      { kind: 'default', condition: 'A && !B', position: at(18) },
    ],
    ['dependencies', 'B', { B: 'y' }, { kind: 'dependency' }],
    ['a prompt that is not shown', 'HIDDEN', { HIDDEN: 'y' }, { kind: 'hidden' }],
    ['nobody who selects it', 'LIB', {}, { kind: 'unselected' }],
    [
      'a dependency that allows less',
      'DRIVER',
      { MODULES: 'y', BUS: 'm', DRIVER: 'y' },
      { kind: 'user', wanted: 'y' },
    ],
    ['a number of the user', 'SIZE', { SIZE: '7' }, { kind: 'user' }],
    ['a range', 'SIZE', { SIZE: '70' }, { kind: 'range', low: '1', high: '10', position: at(28) }],
    ['a default number', 'SIZE', {}, { kind: 'default', condition: '5', position: at(29) }],
    ['a string nobody set', 'NAME', {}, { kind: 'unasked' }],
    ['a choice by default', 'ONE', {}, { kind: 'choice', chosen: 'ONE', byUser: false }],
    ['a choice of the user', 'ONE', { TWO: 'y' }, { kind: 'choice', chosen: 'TWO', byUser: true }],
  ])('tells %s', (_, name, user, reason) => {
    expect(reasons(name, user)[0]).toEqual(reason);
  });

  it('tells what else gives the same', () => {
    expect(reasons('NICE', { A: 'y', NICE: 'y' })).toEqual([{ kind: 'user' }]);
    const both = configured('config A\n\tbool "a"\n\tselect B\nconfig B\n\tbool "b"\n', {
      A: 'y',
      B: 'y',
    });
    expect(reasonsOf(both.values, both.symbol('B')).map(({ kind }) => kind)).toEqual([
      'user',
      'selected',
    ]);
  });
});

describe('wouldFollow', () => {
  it.each<[string, Readonly<Record<string, string>>, boolean]>([
    ['A', { A: 'y' }, false],
    ['A', { A: 'n' }, true],
    ['NICE', { A: 'y', NICE: 'y' }, true],
    ['NICE', { A: 'y', NICE: 'n' }, false],
    ['SIZE', { SIZE: '5' }, true],
    ['SIZE', { SIZE: '6' }, false],
    ['ONE', { ONE: 'y' }, true],
    ['TWO', { TWO: 'y' }, false],
    ['ONE', { TWO: 'y' }, false],
  ])('of %s with %o is %s', (name, user, expected) => {
    const { values, symbol } = configured(text, user);
    expect(wouldFollow(values, symbol(name))).toBe(expected);
  });
});
