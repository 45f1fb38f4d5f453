import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findFloor } from '../../../src/bench/memory.js';

/** Trials of a machine that needs `floor`, with the outcomes of single trials replaced. */
function machine(floor: number, outcomes: Readonly<Record<number, boolean[]>> = {}) {
  const asked: number[] = [];
  const left = new Map(Object.entries(outcomes).map(([mib, list]) => [Number(mib), [...list]]));
  const trial = (mib: number) => {
    asked.push(mib);
    return Promise.resolve(left.get(mib)?.shift() ?? mib >= floor);
  };
  return { asked, trial };
}

describe('findFloor', () => {
  it('finds any border', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 128 }), async (floor) => {
        expect(await findFloor(machine(floor).trial, 128, 3)).toBe(floor);
      }),
    );
  });

  it('confirms both sides of the border', async () => {
    const { asked, trial } = machine(20);
    await findFloor(trial, 128, 3);
    expect(asked.slice(-3)).toEqual([20, 20, 20]);
    expect(asked.filter((mib) => mib === 19).length).toBeGreaterThanOrEqual(2);
  });

  it('does not take a lucky boot for the border', async () => {
    const { trial } = machine(20, { 19: [true, true, false] });
    expect(await findFloor(trial, 128, 3)).toBe(20);
  });

  it('goes on where one unlucky boot ended the search too early', async () => {
    const { trial } = machine(20, { 20: [false] });
    expect(await findFloor(trial, 128, 3)).toBe(20);
  });

  it('finds nothing where the highest fails', async () => {
    expect(await findFloor(machine(200).trial, 128, 3)).toBeUndefined();
  });
});
