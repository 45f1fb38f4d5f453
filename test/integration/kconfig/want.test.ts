/**
 * The solver on a whole kernel, against the kernel's own conf: an answer put over allnoconfig gives
 * every wanted option without a new warning; a refusal is a contradiction that loses it with any one of
 * its rules, and conf does not give the wanted options either when it is told all of them.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tristate } from '../../../src/kconfig/ast.js';
import { Configuration } from '../../../src/kconfig/index.js';
import type { ConfigSymbol } from '../../../src/kconfig/index.js';
import { allNo, baseOf } from '../../../src/kconfig/solve/base.js';
import { evaluate, isLogical, symbolsOf } from '../../../src/kconfig/solve/formula.js';
import { minimalClash } from '../../../src/kconfig/solve/proof.js';
import type { Rule } from '../../../src/kconfig/solve/rules.js';
import { tellRule } from '../../../src/kconfig/solve/tell.js';
import { want, type Base, type WantResult } from '../../../src/kconfig/solve/want.js';
import { checkWanted } from '../../../src/kconfig/solve/wanted.js';
import { fullTest } from '../../support/full.js';
import { Reference, type Side } from '../../support/kconfig-reference.js';

const SETS = 200;
const QUICK = 20;
/** Symbols of a clash up to which every combination of their values is tried. */
const MOST_TRIED = 8;

type Wanted = Readonly<Record<string, string>>;

/** Numbers below a bound, always the same ones for a seed. */
function numbers(seed: number): (below: number) => number {
  let state = Math.imul(seed, 7919) + 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
  next(2);
  return next;
}

const reference = new Reference();
afterAll(() => reference.close());

describe('want, on 6.12 for x86_64', () => {
  let side: Side;
  let base: Base;
  let options: readonly ConfigSymbol[];
  /** Those that are on when everything is asked for: more of them can be had together. */
  let possible: readonly ConfigSymbol[];
  let plain: string;

  beforeAll(async () => {
    side = await reference.open('6.12', 'x86_64');
    const { space } = side.kconfig;
    base = baseOf(allNo(space));
    options = space.symbols.filter(
      (symbol) =>
        isLogical(symbol) && !symbol.constant && !symbol.isChoice && symbol.nodes.length > 0,
    );
    const everything = new Configuration(space);
    everything.read(side.kconfig.run('allyesconfig').written ?? '', '.config');
    possible = options.filter((symbol) => everything.tristate(symbol) > 0);
    plain = side.byConf({ target: 'allnoconfig' }).stderr;
  });

  /** 1 to 20 options, mostly y; every other set of options that can be had at all. */
  function drawn(seed: number): Wanted {
    const random = numbers(seed);
    const pool = seed % 2 === 0 ? options : possible;
    const wanted: Record<string, string> = {};
    for (let left = 1 + random(20); left > 0; left--) {
      const symbol = pool[random(pool.length)];
      if (symbol === undefined) continue;
      const module = symbol.type === 'tristate' && random(20) === 0;
      wanted[symbol.name] = random(10) === 0 ? 'n' : module ? 'm' : 'y';
    }
    return wanted;
  }

  /** What is not as wanted when conf is given the settings, and what it warns of that is new. */
  function wrongByConf(wanted: Wanted, settings: Wanted): string[] {
    const lines = Object.entries(settings).map(([name, value]) =>
      value === 'n' ? `# CONFIG_${name} is not set` : `CONFIG_${name}=${value}`,
    );
    const { written, stderr, status } = side.byConf({
      target: 'allnoconfig',
      files: { 'all.config': `${lines.join('\n')}\n` },
      environment: { KCONFIG_ALLCONFIG: 'all.config' },
    });
    if (status !== 0 || written === undefined) return [`conf ended with ${String(status)}`];
    const values = new Map(
      [...written.matchAll(/^CONFIG_(\w+)=(.*)$/gm)].map((match) => [match[1], match[2]]),
    );
    const missed = Object.entries(wanted)
      .filter(([name, value]) => (values.get(name) ?? 'n') !== value)
      .map(([name, value]) => `${name}=${value} is ${values.get(name) ?? 'n'}`);
    const unmet = (text: string): string[] => text.match(/unmet direct dependencies .*/g) ?? [];
    return [...missed, ...unmet(stderr).filter((line) => !unmet(plain).includes(line))];
  }

  /** Whether the rules hold for some values of the symbols in them. */
  function canHold(rules: readonly Rule[], symbols: readonly ConfigSymbol[]): boolean {
    const { space } = base;
    const values = new Map<ConfigSymbol, Tristate>([
      [space.yes, 2],
      [space.module, 1],
    ]);
    const tristate = (symbol: ConfigSymbol): Tristate => values.get(symbol) ?? 0;
    const value = (symbol: ConfigSymbol): string =>
      isLogical(symbol) && !symbol.constant ? 'nmy'.charAt(tristate(symbol)) : base.value(symbol);
    const all = (): boolean => {
      const modular = space.modules === undefined || tristate(space.modules) > 0;
      if (!modular && symbols.some((symbol) => tristate(symbol) === 1)) return false;
      return rules.every(({ lower, upper, boolean }) => {
        const [from, to] = [lower, upper].map((each) => evaluate(each, { tristate, value }));
        if (from === undefined || to === undefined) return false;
        return boolean || !modular ? from === 0 || to > 0 : from <= to;
      });
    };
    const assign = (index: number): boolean => {
      const symbol = symbols[index];
      if (symbol === undefined) return all();
      const domain: readonly Tristate[] = symbol.type === 'tristate' ? [0, 1, 2] : [0, 2];
      return domain.some((each) => {
        values.set(symbol, each);
        return assign(index + 1);
      });
    };
    return assign(0);
  }

  function checkClash(wanted: Wanted, clash: readonly Rule[]): void {
    const told = clash.map(tellRule).join('\n');
    const { space } = base;
    const task = { space, base, wanted: checkWanted(space, wanted) };
    expect(minimalClash(task, base, clash)?.length, told).toBe(clash.length);
    const named = new Set(
      clash.flatMap(({ lower, upper }) => [...symbolsOf(lower), ...symbolsOf(upper)]),
    );
    if (space.modules) named.add(space.modules);
    const free = [...named].filter((symbol) => isLogical(symbol) && !symbol.constant);
    if (free.length > MOST_TRIED) return;
    expect(canHold(clash, free), told).toBe(false);
    for (const left of clash) {
      expect(
        canHold(
          clash.filter((rule) => rule !== left),
          free,
        ),
        told,
      ).toBe(true);
    }
  }

  function check(seed: number): WantResult['kind'] {
    const wanted = drawn(seed);
    const result = want(base, wanted);
    const told = JSON.stringify(wanted);
    if (result.kind === 'answers') {
      const settings = Object.fromEntries(
        (result.answers[0]?.settings ?? []).map(({ name, value }) => [name, value]),
      );
      expect(wrongByConf(wanted, settings), told).toEqual([]);
    } else if (result.kind === 'impossible') {
      checkClash(wanted, result.clash);
      expect(wrongByConf(wanted, wanted), told).not.toEqual([]);
    }
    return result.kind;
  }

  function checkSets(from: number, to: number): void {
    const ends = Array.from({ length: to - from }, (_, i) => check(from + i));
    expect(ends).toContain('answers');
    expect(ends).toContain('impossible');
    expect(ends).not.toContain('undecided');
  }

  test('some drawn sets of options', () => {
    checkSets(0, QUICK);
  });

  fullTest('all drawn sets of options', () => {
    checkSets(QUICK, SETS);
    return Promise.resolve();
  });

  test('what an application asks for', () => {
    const names =
      'EPOLL FUTEX SIGNALFD TIMERFD EVENTFD AIO NET INET UNIX PACKET TMPFS PROC_FS SYSFS EXT4_FS ' +
      'VIRTIO_NET VIRTIO_BLK VIRTIO_MMIO SERIAL_8250_CONSOLE BINFMT_ELF MULTIUSER';
    const wanted: Wanted = {
      ...Object.fromEntries(names.split(' ').map((name) => [name, 'y'])),
      SMP: 'n',
    };
    const result = want(base, wanted);
    if (result.kind !== 'answers') throw new Error(result.kind);
    const settings = (result.answers[0]?.settings ?? []).map(({ name, value }) => [name, value]);
    expect(wrongByConf(wanted, Object.fromEntries(settings) as Wanted)).toEqual([]);
  });
});
