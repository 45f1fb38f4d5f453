import { describe, expect, it } from 'vitest';
import { describeOutcome } from '../../../src/bench/report.js';

describe('describeOutcome', () => {
  it('shows medians, spread, ratio, goal and every run', () => {
    const text = describeOutcome(
      { name: 'host-work', description: 'this against that' },
      {
        findings: [
          {
            what: 'start',
            unit: 'ms',
            ours: { name: 'lupine', runs: [120.4, 90.25, 300] },
            reference: { name: 'node', runs: [60.2, 60.2, 61] },
            goal: { text: 'at most 150 ms', met: true },
          },
          { what: 'floor', unit: 'MiB', ours: { name: 'probe', runs: [21] } },
        ],
        notes: ['measured on a busy machine'],
      },
    );
    expect(text).toMatch(/^\nhost-work: this against that\n/);
    expect(text).toMatch(
      /start +ms +120 \(90\.3-300\) +60\.2 \(60\.2-61\) node +2\.00 +at most 150 ms: met\n/,
    );
    expect(text).toMatch(/floor +MiB +21 \(21-21\)\n/);
    expect(text).toContain('  start, lupine: 120 90.3 300\n');
    expect(text).toContain('  start, node: 60.2 60.2 61\n');
    expect(text).toContain('note: measured on a busy machine\n');
  });

  it('says when a goal was missed', () => {
    const finding = {
      what: 'start',
      unit: 'ms' as const,
      ours: { name: 'lupine', runs: [200] },
      goal: { text: 'at most 150 ms', met: false },
    };
    const text = describeOutcome(
      { name: 'n', description: 'd' },
      { findings: [finding], notes: [] },
    );
    expect(text).toContain('at most 150 ms: MISSED');
  });
});
