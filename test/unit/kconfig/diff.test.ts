import { describe, expect, it } from 'vitest';
import { diff } from '../../../src/kconfig/diff.js';
import { configured } from './configured.js';

const text = `config A
	bool "a"
	select LIB
	imply NICE
config LIB
	bool
config NICE
	bool "nice"
menu "Devices"
	depends on A
config CARD
	bool "card"
config SIZE
	int "size"
	default 4
config AUTO
	def_bool CARD
menu "Slow"
config TAPE
	bool "tape"
	default y
endmenu
endmenu
`;

function compared(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  complete = false,
) {
  const first = { values: configured(text, before).values, complete };
  const second = { values: configured(text, after).values, complete };
  return diff(first, second).map(({ path, changes }) => ({
    path,
    changes: changes.map(
      ({ name, from, to, cause }) => `${name} ${from ?? '-'} ${to ?? '-'} ${cause}`,
    ),
  }));
}

describe('diff', () => {
  it('is empty for the same', () => {
    expect(compared({ A: 'y' }, { A: 'y' })).toEqual([]);
  });

  it('groups by menu, and tells how each came about', () => {
    expect(compared({}, { A: 'y', CARD: 'y', SIZE: '8' })).toEqual([
      { path: [], changes: ['A n y asked', 'LIB n y selected', 'NICE n y follows'] },
      { path: ['Devices'], changes: ['CARD n y asked', 'SIZE - 8 asked', 'AUTO n y default'] },
      { path: ['Devices', 'Slow'], changes: ['TAPE n y default'] },
    ]);
  });

  it('tells what went because something else did', () => {
    const first = { values: configured(text, { A: 'y', CARD: 'y' }).values, complete: false };
    const second = { values: configured(text, { CARD: 'y' }).values, complete: false };
    const card = diff(first, second)
      .flatMap(({ changes }) => changes)
      .find(({ name }) => name === 'CARD');
    expect(card).toMatchObject({ from: 'y', to: 'n', cause: 'follows', unmet: ['A'] });
  });

  it('says of what was turned off why it had been on', () => {
    expect(compared({ A: 'y' }, {})[0]?.changes).toContain('LIB y n selected');
  });

  it('takes what follows anyway for no wish in a whole .config', () => {
    const whole = { A: 'y', NICE: 'y', TAPE: 'y', CARD: 'y', SIZE: '4' };
    expect(compared({}, whole, true).flatMap(({ changes }) => changes)).toEqual([
      'A n y asked',
      'LIB n y selected',
      'NICE n y follows',
      'CARD n y asked',
      'SIZE - 4 default',
      'AUTO n y default',
      'TAPE n y default',
    ]);
  });

  it('compares kernels that do not have the same options', () => {
    const old = { values: configured('config OLD\n\tbool "old"\n', { OLD: 'y' }).values };
    const young = { values: configured('config NEW\n\tbool "new"\n', { NEW: 'y' }).values };
    const found = diff({ ...old, complete: false }, { ...young, complete: false });
    expect(found.flatMap(({ changes }) => changes)).toMatchObject([
      { name: 'NEW', to: 'y', cause: 'asked' },
      { name: 'OLD', from: 'y', cause: 'asked' },
    ]);
  });
});
