/** The solver against trying every configuration there is, on small random spaces. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Tristate } from '../../../../src/kconfig/ast.js';
import type { ConfigSymbol, Space } from '../../../../src/kconfig/model.js';
import { Configuration } from '../../../../src/kconfig/configuration.js';
import {
  allNo as productAllNo,
  baseOf as productBase,
} from '../../../../src/kconfig/solve/base.js';
import { evaluate, isLogical, type Reading } from '../../../../src/kconfig/solve/formula.js';
import type { Rule } from '../../../../src/kconfig/solve/rules.js';
import { want, type Base, type Setting } from '../../../../src/kconfig/solve/want.js';
import { allNo, baseOf, spaceOf } from './base.js';
import { randomKconfig } from './random-kconfig.js';

type User = ReadonlyMap<ConfigSymbol, string>;

function optionsOf(space: Space): readonly ConfigSymbol[] {
  return [...space.byName.values()].filter((symbol) => symbol.nodes.length > 0);
}

/** All assignments of values to symbols, the values of each as `of` gives them. */
function* assignments<V>(
  symbols: readonly ConfigSymbol[],
  of: (symbol: ConfigSymbol) => readonly V[],
): Generator<Map<ConfigSymbol, V>> {
  const [first, ...rest] = symbols;
  if (first === undefined) {
    yield new Map();
    return;
  }
  for (const others of assignments(rest, of)) {
    for (const value of of(first)) yield new Map([[first, value], ...others]);
  }
}

interface Best {
  readonly cost: number;
  readonly count: number;
}

interface Solution {
  readonly set: User;
  readonly cost: number;
  readonly moved: boolean;
}

const TEXTS: readonly string[] = ['n', 'm', 'y'];

/** Whether a select forces something against its dependencies which none did in the base. */
function warnsAnew(base: Base, after: Base): boolean {
  return optionsOf(base.space).some((symbol) => {
    const unmet = (of: Base) => {
      if (!symbol.directDependency || !symbol.selected) return false;
      const modules = base.space.modules && of.tristate(base.space.modules) > 0;
      const round = (value: Tristate) =>
        value === 1 && (symbol.type === 'bool' || !modules) ? 2 : value;
      return round(of.evaluate(symbol.directDependency)) < round(of.evaluate(symbol.selected));
    };
    return unmet(after) && !unmet(base);
  });
}

/**
 * Of the settings that make all wanted values hold and of which none can be left out: the least cost,
 * and of that cost the fewest.
 */
function bruteForce(base: Base, user: User, wanted: User): Best | undefined {
  const solutions = solutionsOf(base, user, wanted);
  const untouched = solutions.filter(({ moved }) => !moved);
  // MODULES is only touched where nothing else helps.
  const allowed = untouched.length > 0 ? untouched : solutions;
  const smallest = allowed.filter(
    ({ set }) =>
      !allowed.some(
        (other) =>
          other.set.size < set.size &&
          [...other.set].every(([symbol, value]) => set.get(symbol) === value),
      ),
  );
  if (smallest.length === 0) return undefined;
  const cost = Math.min(...smallest.map((each) => each.cost));
  const cheapest = smallest.filter((each) => each.cost === cost);
  return { cost, count: Math.min(...cheapest.map(({ set }) => set.size)) };
}

function solutionsOf(base: Base, user: User, wanted: User): readonly Solution[] {
  const { space } = base;
  const { modules } = space;
  const settable = optionsOf(space).filter((symbol) => symbol.prompts.length > 0);
  const valuesOf = (symbol: ConfigSymbol): readonly (string | undefined)[] => {
    // Of a choice only one member is set to y; to set one to n has no meaning of its own.
    if (symbol.choice) return [undefined, 'y'];
    return [undefined, ...(symbol.type === 'bool' ? ['n', 'y'] : TEXTS)].filter(
      (value) => value === undefined || value !== user.get(symbol),
    );
  };
  const solutions: Solution[] = [];
  for (const settings of assignments(settable, valuesOf)) {
    const set = new Map(
      [...settings].flatMap(([symbol, value]) =>
        value === undefined ? [] : ([[symbol, value]] as [ConfigSymbol, string][]),
      ),
    );
    const picked = (members: readonly ConfigSymbol[]) =>
      members.filter((member) => set.has(member)).length;
    if (space.choices.some(({ members }) => picked(members) > 1)) continue;
    const after = baseOf(space, new Map([...user, ...set]));
    if (![...wanted].every(([symbol, value]) => after.value(symbol) === value)) continue;
    if (warnsAnew(base, after)) continue;
    const cost = optionsOf(space).filter(
      (symbol) => after.tristate(symbol) > 0 && base.tristate(symbol) === 0,
    ).length;
    const moved =
      modules !== undefined &&
      !wanted.has(modules) &&
      after.tristate(modules) !== base.tristate(modules);
    solutions.push({ set, cost, moved });
  }
  return solutions;
}

function holds(rule: Rule, reading: Reading, modulesOn: boolean): boolean {
  const lower = evaluate(rule.lower, reading);
  const upper = evaluate(rule.upper, reading);
  return rule.boolean || !modulesOn ? lower === 0 || upper > 0 : lower <= upper;
}

/** Whether any values of all symbols make the rules hold. */
function canHold(space: Space, rules: readonly Rule[]): boolean {
  const symbols = optionsOf(space);
  const domain = (symbol: ConfigSymbol): readonly Tristate[] => {
    return symbol.type === 'bool' || symbol.choice ? [0, 2] : [0, 1, 2];
  };
  for (const values of assignments(symbols, domain)) {
    const modulesOn = space.modules !== undefined && values.get(space.modules) === 2;
    const bad = (symbol: ConfigSymbol) => !modulesOn && values.get(symbol) === 1;
    if (symbols.some(bad)) continue;
    const tristate = (symbol: ConfigSymbol): Tristate =>
      values.get(symbol) ?? (symbol === space.yes ? 2 : symbol === space.module ? 1 : 0);
    const value = (symbol: ConfigSymbol) =>
      isLogical(symbol) ? (TEXTS[tristate(symbol)] ?? '') : symbol.name;
    if (rules.every((rule) => holds(rule, { tristate, value }, modulesOn))) return true;
  }
  return false;
}

const settings = fc.array(
  fc.record({ number: fc.nat(100), value: fc.constantFrom('y', 'm', 'n') }),
  {
    minLength: 1,
    maxLength: 3,
  },
);

/** Values for some of the options, of their types. */
function chosen(
  space: Space,
  names: readonly string[],
  given: readonly { number: number; value: string }[],
): Map<ConfigSymbol, string> {
  return new Map(
    given.flatMap(({ number, value }) => {
      const symbol = space.byName.get(names[number % names.length] ?? '');
      const fitting = symbol?.type === 'bool' && value === 'm' ? 'y' : value;
      return symbol === undefined ? [] : [[symbol, fitting] as const];
    }),
  );
}

function chosenBy(space: Space, settings: readonly Setting[]): [ConfigSymbol, string][] {
  return settings.flatMap(({ name, value }) => {
    const symbol = space.byName.get(name);
    return symbol === undefined ? [] : [[symbol, value]];
  });
}

/** The product's own base for the same configuration. */
function startOf(space: Space, user: User | undefined): Base {
  const configuration = user ? new Configuration(space) : productAllNo(space);
  for (const [symbol, value] of user ?? []) configuration.set(symbol, value);
  return productBase(configuration);
}

const numRuns = Number(process.env['LUPINE_WANT_RUNS'] ?? 200);

describe('want, on random spaces', () => {
  test('agrees with trying everything, and its refusals are minimal contradictions', () => {
    fc.assert(
      fc.property(
        randomKconfig,
        settings,
        fc.option(settings, { nil: undefined }),
        ({ text, names }, wantedOnes, decided) => {
          const space = spaceOf(text);
          const user = decided && chosen(space, names, decided);
          const base = user ? baseOf(space, user) : allNo(space);
          const wanted = chosen(space, names, wantedOnes);
          const record = Object.fromEntries([...wanted].map(([{ name }, value]) => [name, value]));
          const known = new Map(
            optionsOf(space).flatMap((symbol) => {
              const value = base.userValue(symbol);
              return value === undefined ? [] : [[symbol, value]];
            }),
          );
          const best = bruteForce(base, known, wanted);
          const result = want(startOf(space, user), record);
          if (best === undefined) {
            expect(result.kind).toBe('impossible');
            if (result.kind !== 'impossible') return;
            expect(canHold(space, result.clash)).toBe(false);
            for (const left of result.clash) {
              const others = result.clash.filter((rule) => rule !== left);
              expect(canHold(space, others)).toBe(true);
            }
          } else {
            expect(result.kind).toBe('answers');
            if (result.kind !== 'answers') return;
            const { cost, settings } = result.answers[0] ?? { cost: -1, settings: [] };
            expect({ cost, count: settings.length }).toEqual(best);
            const after = baseOf(space, new Map([...known, ...chosenBy(space, settings)]));
            for (const [symbol, value] of wanted) expect(after.value(symbol)).toBe(value);
            expect(warnsAnew(base, after)).toBe(false);
          }
        },
      ),
      { numRuns, seed: 612 },
    );
  }, 120_000);
});
