import { describe, expect, it } from 'vitest';
import { minimise } from '../../../src/kconfig/minimise.js';
import { configured } from './configured.js';

const text = `config NET
	bool "net"
config BUS
	bool "bus"
config OTHER_BUS
	bool "other bus"
config CARD
	bool "card"
	depends on NET && (BUS || OTHER_BUS)
	select LIB
config LIB
	bool
config DISK
	bool "disk"
	select CACHE
	imply NICE
config CACHE
	bool
config NICE
	bool "nice"
config SIZE
	int "size"
	range 1 100
	default 10
config DEPTH
	int "depth"
	depends on DISK
choice
	prompt "packed"
config GZIP
	bool "gzip"
config XZ
	bool "xz"
endchoice
`;

const whole = {
  NET: 'y',
  OTHER_BUS: 'y',
  CARD: 'y',
  DISK: 'y',
  NICE: 'y',
  SIZE: '20',
  DEPTH: '3',
  XZ: 'y',
};

function minimised(wanted: Readonly<Record<string, string>>) {
  const { values, symbol } = configured(text, whole);
  const result = minimise(values, wanted);
  if (result.kind !== 'minimised') throw new Error(result.kind);
  return { ...result, symbol };
}

describe('minimise', () => {
  it('keeps what the wanted options need, from what there was', () => {
    const { settings, values, symbol } = minimised({ CARD: 'y' });
    expect(settings).toEqual([
      { name: 'NET', value: 'y' },
      { name: 'OTHER_BUS', value: 'y' },
      { name: 'CARD', value: 'y' },
      { name: 'SIZE', value: '20' },
      { name: 'XZ', value: 'y' },
    ]);
    expect(values.tristate(symbol('CARD'))).toBe(2);
    expect(values.tristate(symbol('DISK'))).toBe(0);
  });

  it('reports what was kept and for whom', () => {
    const { kept } = minimised({ CARD: 'y' });
    expect(kept.map(({ name, wanted, neededBy }) => [name, wanted, neededBy])).toEqual([
      ['NET', false, ['CARD']],
      ['OTHER_BUS', false, ['CARD']],
      ['CARD', true, []],
      ['LIB', false, []],
      ['XZ', false, []],
    ]);
  });

  it('reports what was dropped, and why it had been there', () => {
    const { dropped } = minimised({ CARD: 'y' });
    expect(dropped.map(({ name, followed, reason }) => [name, followed, reason.kind])).toEqual([
      ['DISK', false, 'user'],
      ['CACHE', true, 'selected'],
      ['NICE', true, 'implied'],
    ]);
  });

  it('refuses to want what is not so', () => {
    const { values } = configured(text, whole);
    expect(minimise(values, { BUS: 'y', CARD: 'y' })).toEqual({
      kind: 'missing',
      missing: [{ name: 'BUS', value: 'n' }],
    });
  });
});
