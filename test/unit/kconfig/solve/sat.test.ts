import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SatSolver, type Literal } from '../../../../src/kconfig/solve/sat.js';

/** Whether some assignment of variables 1..count satisfies every clause. */
function satisfiable(count: number, clauses: readonly (readonly Literal[])[]): boolean {
  for (let bits = 0; bits < 1 << count; bits++) {
    const holds = (literal: Literal) => ((bits >> ((literal >> 1) - 1)) & 1) !== (literal & 1);
    if (clauses.every((clause) => clause.some(holds))) return true;
  }
  return false;
}

function solverOf(count: number, clauses: readonly (readonly Literal[])[]): SatSolver {
  const solver = new SatSolver();
  for (let i = 0; i < count; i++) solver.variable();
  for (const clause of clauses) solver.addClause(clause);
  return solver;
}

const COUNT = 8;
const literal = fc.integer({ min: 2, max: 2 * COUNT + 1 });
const formula = fc.array(fc.array(literal, { minLength: 1, maxLength: 3 }), { maxLength: 45 });

describe('SatSolver', () => {
  test('agrees with trying every assignment, and its solutions and cores are true', () => {
    fc.assert(
      fc.property(
        formula,
        fc.array(fc.uniqueArray(literal, { maxLength: 5 }), { minLength: 1, maxLength: 4 }),
        (clauses, runs) => {
          const solver = solverOf(COUNT, clauses);
          for (const assumptions of runs) {
            const all = [...clauses, ...assumptions.map((assumption) => [assumption])];
            expect(solver.solve(assumptions)).toBe(satisfiable(COUNT, all));
            if (satisfiable(COUNT, all)) {
              for (const clause of all) expect(clause.some((one) => solver.holds(one))).toBe(true);
            } else {
              const { core } = solver;
              for (const one of core) expect(assumptions).toContain(one);
              expect(satisfiable(COUNT, [...clauses, ...core.map((one) => [one])])).toBe(false);
            }
          }
        },
      ),
      { numRuns: 1000, seed: 612 },
    );
  });

  test('takes clauses between two runs', () => {
    const solver = solverOf(2, [[2, 4]]);
    expect(solver.solve([3])).toBe(true);
    expect(solver.holds(4)).toBe(true);
    solver.addClause([5]);
    expect(solver.solve([3])).toBe(false);
    expect(solver.core).toEqual([3]);
    expect(solver.solve()).toBe(true);
    expect(solver.fixed(2)).toBe(true);
    solver.addClause([3]);
    expect(solver.solve()).toBe(false);
    expect(solver.core).toEqual([]);
  });

  test('proves that seven pigeons do not fit in six holes', () => {
    const solver = new SatSolver();
    const holes = [0, 1, 2, 3, 4, 5];
    const pigeons = [...holes, 6].map(
      () => new Map(holes.map((hole) => [hole, solver.variable()])),
    );
    for (const places of pigeons) solver.addClause([...places.values()]);
    for (const [i, one] of pigeons.entries()) {
      for (const other of pigeons.slice(i + 1)) {
        for (const [hole, literal] of one) {
          solver.addClause([literal ^ 1, (other.get(hole) ?? 0) ^ 1]);
        }
      }
    }
    expect(solver.solve()).toBe(false);
  });

  test('restarts and forgets without losing its way', () => {
    // Random 3-SAT near the threshold, large enough for thousands of conflicts.
    let state = 12345;
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return (state >> 8) % below;
    };
    const clauses = Array.from({ length: 850 }, () =>
      Array.from({ length: 3 }, () => 2 + random(400)),
    );
    const solver = solverOf(200, clauses);
    const answer = solver.solve();
    if (answer) {
      for (const clause of clauses) expect(clause.some((one) => solver.holds(one))).toBe(true);
    }
    expect(solver.solve()).toBe(answer);
  });
});
