import { describe, expect, test } from 'vitest';
import { allNo, baseOf } from '../../../../src/kconfig/solve/base.js';
import { tellRule } from '../../../../src/kconfig/solve/tell.js';
import { want, type Answer, type WantOptions } from '../../../../src/kconfig/solve/want.js';
import { spaceOf } from './base.js';

type Wanted = Readonly<Record<string, string>>;

function answersTo(text: string, wanted: Wanted, options: WantOptions = {}): readonly Answer[] {
  const result = want(baseOf(allNo(spaceOf(text))), wanted, options);
  if (result.kind === 'impossible') throw new Error(result.clash.map(tellRule).join('\n'));
  if (result.kind === 'undecided') throw new Error('undecided');
  return result.answers;
}

/** What has to be set, as `NAME=value`, from allnoconfig. */
function settingsFor(text: string, wanted: Wanted, options: WantOptions = {}): string[][] {
  return answersTo(text, wanted, options).map(({ settings }) =>
    settings.map(({ name, value }) => `${name}=${value}`),
  );
}

/** Why it cannot be, in words. */
function clashFor(text: string, wanted: Wanted): string[] {
  const result = want(baseOf(allNo(spaceOf(text))), wanted);
  if (result.kind !== 'impossible') throw new Error(JSON.stringify(result));
  return result.clash.map(tellRule).sort();
}

describe('dependencies', () => {
  const chain = `
config A
	bool "a"
config B
	bool "b"
	depends on A
config C
	bool "c"
	depends on B
`;
  test('are followed to their end', () => {
    expect(settingsFor(chain, { C: 'y' })).toEqual([['A=y', 'B=y', 'C=y']]);
  });

  test('names may have their prefix', () => {
    expect(settingsFor(chain, { CONFIG_A: 'y' })).toEqual([['A=y']]);
  });

  test('nothing is set for what holds already', () => {
    expect(settingsFor(chain, { A: 'n' })).toEqual([[]]);
  });

  const either = `
config A
	bool "a"
	select X
config X
	bool
config B
	bool "b"
config C
	bool "c"
	depends on A || B
`;
  test('of two ways the one that turns on less is taken', () => {
    expect(settingsFor(either, { C: 'y' })).toEqual([['B=y', 'C=y']]);
  });

  test('the caller says what costs how much', () => {
    const cost = ({ name }: { name: string }) => (name === 'B' ? 10 : 1);
    const [answer] = answersTo(either, { C: 'y' }, { cost });
    expect(answer).toMatchObject({ cost: 3, turnedOn: ['A', 'X', 'C'] });
  });

  test('other answers follow, the cheapest first', () => {
    expect(settingsFor(either, { C: 'y' }, { answers: 5 })).toEqual([
      ['B=y', 'C=y'],
      ['A=y', 'C=y'],
    ]);
  });

  test('two that exclude each other are named with the line', () => {
    const text = `
config A
	bool "a"
	depends on !B
config B
	bool "b"
`;
    expect(clashFor(text, { A: 'y', B: 'y' })).toEqual([
      'A=y is wanted',
      'B=y is wanted',
      'Kconfig:2: A depends on !B',
    ]);
  });
});

describe('prompts', () => {
  test("a menu's `visible if` is satisfied", () => {
    const text = `
config SHOW
	bool "show"
menu "m"
	visible if SHOW
config A
	bool "a"
endmenu
`;
    expect(settingsFor(text, { A: 'y' })).toEqual([['SHOW=y', 'A=y']]);
  });

  test('what has no prompt comes by those who select it', () => {
    const text = `
config LIB
	bool
config A
	bool "a"
	select LIB
`;
    expect(settingsFor(text, { LIB: 'y' })).toEqual([['A=y']]);
  });

  test('what has no prompt and no other way is refused', () => {
    expect(clashFor('config A\n\tbool\n', { A: 'y' })).toEqual([
      'A=y is wanted',
      'Kconfig:1: A has no prompt, no default, and nothing selects it',
    ]);
  });

  const expert = `
config EXPERT
	bool "expert"
config EPOLL
	bool "epoll" if EXPERT
	default y
config OTHER
	bool "other" if EXPERT
	default y
`;
  test('an option that only experts see is on without being set', () => {
    expect(settingsFor(expert, { EPOLL: 'y' })).toEqual([[]]);
  });

  test('to turn it off one becomes an expert', () => {
    const [answer] = answersTo(expert, { EPOLL: 'n' });
    expect(answer?.settings).toEqual([{ name: 'EXPERT', value: 'y' }]);
    expect(answer?.turnedOff).toEqual(['EPOLL', 'OTHER']);
  });

  test('what an expert still wants has to be set', () => {
    expect(settingsFor(expert, { EPOLL: 'n', OTHER: 'y' })).toEqual([['EXPERT=y', 'OTHER=y']]);
  });

  test('a default is turned off by turning off what it follows', () => {
    const text = `
config A
	bool "a"
config B
	def_bool A
`;
    const space = spaceOf(text);
    const configuration = allNo(space);
    const a = space.byName.get('A');
    if (a) configuration.set(a, 'y');
    const result = want(baseOf(configuration), { B: 'n' });
    expect(result).toMatchObject({ answers: [{ settings: [{ name: 'A', value: 'n' }] }] });
    expect(clashFor(text, { A: 'y', B: 'n' })).toEqual([
      'A=y is wanted',
      'B=n is wanted',
      'Kconfig:5: B, when it cannot be set, is A',
    ]);
  });

  test('a setting that only hides defaults of others is none of the answer', () => {
    const text = `
config EXPERT
	bool "expert"
config CHOOSE
	bool "choose" if EXPERT
config ONE
	bool "one" if CHOOSE
	default y if EXPERT
config TWO
	bool "two" if CHOOSE
	default y if EXPERT
`;
    expect(settingsFor(text, { EXPERT: 'y' })).toEqual([['EXPERT=y']]);
  });
});

describe('reverse dependencies', () => {
  test('a select forces what is wanted off', () => {
    const text = `
config A
	bool "a"
	select B
config B
	bool "b"
`;
    expect(clashFor(text, { A: 'y', B: 'n' })).toEqual([
      'A=y is wanted',
      'B=n is wanted',
      'Kconfig:4: A selects B',
    ]);
  });

  const unmet = `
config NEED
	bool "need"
config B
	bool "b"
	depends on NEED
config A
	bool "a"
	select B
`;
  test('no answer forces a select against the dependencies of the selected', () => {
    expect(settingsFor(unmet, { A: 'y' })).toEqual([['NEED=y', 'A=y']]);
  });

  test('and what would need that is refused', () => {
    expect(clashFor(unmet, { A: 'y', NEED: 'n' })).toEqual([
      'A=y is wanted',
      'Kconfig:4: B depends on NEED',
      'Kconfig:9: A selects B',
      'NEED=n is wanted',
    ]);
  });

  test('what is implied comes along where the user says nothing of it, and can be refused', () => {
    const text = `
config A
	bool "a"
	imply B
config B
	bool
config C
	bool "c"
	imply D
config D
	bool "d"
`;
    expect(settingsFor(text, { B: 'y' })).toEqual([['A=y']]);
    expect(settingsFor(text, { C: 'y', D: 'n' })).toEqual([['C=y']]);
    expect(clashFor(text, { A: 'y', B: 'n' })).toContain('Kconfig:4: A implies B');
  });
});

describe('choices', () => {
  const text = `
config FAST
	bool "fast"
choice
	prompt "one of"
config ONE
	bool "one"
config TWO
	bool "two"
config THREE
	bool "three"
	depends on FAST
endchoice
`;
  test('their default needs no setting', () => {
    expect(settingsFor(text, { ONE: 'y' })).toEqual([[]]);
  });

  test('a member is picked, with what it depends on', () => {
    expect(settingsFor(text, { TWO: 'y' })).toEqual([['TWO=y']]);
    expect(settingsFor(text, { THREE: 'y' })).toEqual([['FAST=y', 'THREE=y']]);
  });

  test('a member is turned off by another', () => {
    const [answer] = answersTo(text, { ONE: 'n' });
    expect(answer).toMatchObject({ settings: [{ name: 'TWO', value: 'y' }], turnedOff: ['ONE'] });
  });

  test('two members exclude each other', () => {
    expect(clashFor(text, { ONE: 'y', TWO: 'y' })).toEqual([
      'Kconfig:4: only one of ONE and TWO can be y, in the choice "one of"',
      'ONE=y is wanted',
      'TWO=y is wanted',
    ]);
  });
});

describe('modules', () => {
  const text = `
config MODULES
	bool "modules"
	modules
config A
	tristate "a"
config B
	tristate "b"
	depends on A
config ONLY
	tristate "only"
	depends on m
`;
  test('stay off where nothing needs them', () => {
    expect(settingsFor(text, { B: 'y' })).toEqual([['A=y', 'B=y']]);
  });

  test('are turned on for an m, and dependencies are no more than that', () => {
    expect(settingsFor(text, { B: 'm' })).toEqual([['MODULES=y', 'A=m', 'B=m']]);
  });

  test('are turned on for what is only built as a module', () => {
    expect(settingsFor(text, { ONLY: 'm' })).toEqual([['MODULES=y', 'ONLY=m']]);
    expect(clashFor(text, { ONLY: 'y' })).toEqual([
      'Kconfig:10: ONLY depends on MODULES',
      'Kconfig:10: ONLY depends on m',
      'ONLY=y is wanted',
    ]);
  });

  test('m clashes with modules off, and with a kernel that has none', () => {
    expect(clashFor(text, { A: 'm', MODULES: 'n' })).toEqual([
      'Kconfig:2: A=m needs modules',
      'MODULES=n is wanted',
    ]);
    expect(clashFor('config A\n\ttristate "a"\n', { A: 'm' })).toEqual(['A=m needs modules']);
  });
});

describe('numbers and strings', () => {
  const text = `
config SMP
	bool "smp"
config MOST
	int
	default 64 if SMP
	default 1
config CPUS
	int "cpus" if SMP
	range 2 MOST if SMP
	range 1 1
	default 2 if SMP
	default 1
config BIG
	bool "big"
	depends on CPUS > 8
config NAME
	string "name"
	depends on SMP
config BASE
	hex "base"
	range 0x1000 0x2000
`;
  test('are set, with what makes them visible', () => {
    expect(settingsFor(text, { CPUS: '16' })).toEqual([['SMP=y', 'CPUS=16']]);
    expect(settingsFor(text, { NAME: 'a "b"' })).toEqual([['SMP=y', 'NAME=a "b"']]);
    expect(settingsFor(text, { BASE: '0x1800' })).toEqual([['BASE=0x1800']]);
  });

  test('are not set where a default gives them', () => {
    expect(settingsFor(text, { CPUS: '1' })).toEqual([[]]);
    expect(settingsFor(text, { CPUS: '2' })).toEqual([['SMP=y']]);
  });

  test('out of range are refused', () => {
    expect(clashFor(text, { CPUS: '65' })).toEqual([
      'Kconfig:10: CPUS has the range 2 to MOST if SMP',
      'Kconfig:8: CPUS can be had only where its prompt is visible if SMP, or a default gives it',
    ]);
    expect(clashFor(text, { BASE: '0x3000' })).toEqual([
      'Kconfig:22: BASE has the range 0x1000 to 0x2000',
    ]);
  });

  test('decide comparisons, and are not changed for one unless wanted', () => {
    expect(settingsFor(text, { BIG: 'y', CPUS: '9' })).toEqual([['SMP=y', 'CPUS=9', 'BIG=y']]);
    expect(clashFor(text, { BIG: 'y' })).toContain('Kconfig:14: BIG depends on CPUS > 8');
  });
});

describe('what makes no sense', () => {
  const text = `
config VIRTIO_NET
	bool "net"
config VIRTIO_BLK
	tristate "blk"
config CPUS
	int "cpus"
config BASE
	hex "base"
config NAME
	string "name"
`;
  const problem = (wanted: Wanted) => () => settingsFor(text, wanted);

  test('unknown names are told with the nearest', () => {
    expect(problem({ VIRTIO_NTE: 'y' })).toThrow(
      'VIRTIO_NTE: there is no such option; did you mean VIRTIO_NET',
    );
    expect(problem({ SOMETHING_ELSE: 'y' })).toThrow(/no such option$/);
  });

  test('values are of their type', () => {
    expect(problem({ VIRTIO_NET: 'm' })).toThrow('VIRTIO_NET=m: a bool is y or n');
    expect(problem({ VIRTIO_BLK: '1' })).toThrow('VIRTIO_BLK=1: a tristate is y, m or n');
    expect(problem({ CPUS: '0x10' })).toThrow('CPUS=0x10: no decimal number');
    expect(problem({ BASE: 'y' })).toThrow('BASE=y: no hexadecimal number');
    expect(problem({ NAME: 'a\nb' })).toThrow('a string is one line');
  });

  test('all faults are told at once', () => {
    expect(problem({ NET: 'y', CPUS: 'many' })).toThrow(/NET: .*\nCPUS=many: /);
  });
});
