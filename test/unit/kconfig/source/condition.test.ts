import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  all,
  alternatives,
  always,
  any,
  evaluate,
  helping,
  never,
  not,
  option,
  required,
  unknown,
} from '../../../../src/kconfig/source/condition.js';
import type { Condition } from '../../../../src/kconfig/source/condition.js';

const [a, b, c] = [option('A'), option('B'), option('C')];

describe('conditions', () => {
  it('are flat and without repetitions', () => {
    expect(all(a, all(b, a))).toEqual({ kind: 'all', of: [a, b] });
    expect(all(a)).toEqual(a);
    expect(any(a, always)).toEqual(always);
    expect(all(a, never)).toEqual(never);
    expect(not(not(a))).toEqual(a);
    expect(not(always)).toEqual(never);
  });

  it('require what no way goes without', () => {
    expect(required(all(a, any(b, c)))).toEqual(['A']);
    expect(required(any(all(a, b), all(a, not(b))))).toEqual(['A']);
    expect(required(any(a, not(a)))).toEqual([]);
    expect(required(all(a, unknown))).toEqual(['A']);
    expect(required(not(a))).toEqual([]);
    expect(helping(all(a, not(b), any(c, unknown)))).toEqual(['A', 'C']);
  });

  it('list the ways to hold, those that ask for something off last', () => {
    expect(alternatives(any(not(c), all(a, b), c))).toEqual([['C'], ['A', 'B'], []]);
    expect(alternatives(always)).toEqual([[]]);
  });

  it('simplify to what they meant', () => {
    const leaf = fc.constantFrom<Condition>(a, b, c, always, never);
    const { tree } = fc.letrec<{ tree: Condition }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        tie('tree').map((of): Condition => ({ kind: 'not', of })),
        fc.array(tie('tree'), { maxLength: 3 }).map((of): Condition => ({ kind: 'all', of })),
        fc.array(tie('tree'), { maxLength: 3 }).map((of): Condition => ({ kind: 'any', of })),
      ),
    }));
    const simplified = (one: Condition): Condition => {
      if (one.kind === 'not') return not(simplified(one.of));
      if (one.kind === 'all') return all(...one.of.map(simplified));
      return one.kind === 'any' ? any(...one.of.map(simplified)) : one;
    };
    fc.assert(
      fc.property(tree, fc.subarray(['A', 'B', 'C']), (one, on) => {
        const isOn = (name: string) => on.includes(name);
        expect(evaluate(simplified(one), isOn)).toBe(evaluate(one, isOn));
      }),
    );
  });
});
