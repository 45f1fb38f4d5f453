import { describe, expect, test } from 'vitest';
import { compareResults } from '../../../src/evaluation/compare.js';
import { experiment, results, withValues } from './fixture.js';

function verdict(values: readonly number[], from: readonly number[] = [150]): string | undefined {
  const before = withValues('null', 'lupine', from);
  const after = withValues('null', 'lupine', values);
  return compareResults(before, after).find(
    ({ subject, metric }) => subject === 'lupine' && metric.name === 'null',
  )?.verdict;
}

describe('two evaluations', () => {
  test('that are the same differ in nothing', () => {
    const changes = compareResults(results, results);
    expect(changes).toHaveLength(6);
    expect(changes.every((change) => change.verdict === 'same')).toBe(true);
  });

  test('of counted instructions differ by more than a hundredth', () => {
    expect(verdict([151])).toBe('same');
    expect(verdict([149])).toBe('same');
    expect(verdict([153])).toBe('worse');
    expect(verdict([140])).toBe('better');
  });

  test('of times need more than three runs that vary', () => {
    expect(verdict([170, 171, 172], [150, 151, 152])).toBe('same');
  });

  test('are compared only where both measured by the same clock', () => {
    const timed = { ...results, experiments: [{ ...experiment, clock: 'time' as const }] };
    expect(compareResults(results, timed)).toEqual([]);
    const other = { ...results, experiments: [{ ...experiment, name: 'boot' }] };
    expect(compareResults(results, other)).toEqual([]);
  });
});
