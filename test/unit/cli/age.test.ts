import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAge, parseMoment } from '../../../src/cli/age.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');

describe('ages', () => {
  it.each([
    [-5, 'less than a second'],
    [0.4, 'less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, '1 minute'],
    [119, '1 minute'],
    [120, '2 minutes'],
    [3_600, '60 minutes'],
    [7_200, '2 hours'],
    [86_400, '24 hours'],
    [3 * 86_400, '3 days'],
    [400 * 86_400, '13 months'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatAge(seconds)).toBe(text);
  });
});

describe('moments', () => {
  it.each([
    ['10m', '2026-03-01T11:50:00.000Z'],
    ['1h30m', '2026-03-01T10:30:00.000Z'],
    ['1.5s', '2026-03-01T11:59:58.500Z'],
    ['250ms', '2026-03-01T11:59:59.750Z'],
    ['0', '1970-01-01T00:00:00.000Z'],
    ['1700000000.5', '2023-11-14T22:13:20.500Z'],
    ['2026-02-03T04:05:06Z', '2026-02-03T04:05:06.000Z'],
    ['2026-02-03T04:05:06.123456789Z', '2026-02-03T04:05:06.123Z'],
    ['2026-02-03T04:05+01:00', '2026-02-03T03:05:00.000Z'],
  ])('%s is %s', (text, time) => {
    expect(parseMoment(text, NOW)?.toISOString()).toBe(time);
  });

  it.each(['', 'yesterday', '10', '10x', '-5m', 'm', '2026-13-01', '2026-02-03T99:00Z', '1e9'])(
    "'%s' is %s",
    (text) => {
      if (text === '10') return expect(parseMoment(text, NOW)?.getTime()).toBe(10_000);
      expect(parseMoment(text, NOW)).toBeUndefined();
    },
  );

  it('are none, or a date that can be written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9smhd.TZ:-]{1,20}$/)), (text) => {
        parseMoment(text, NOW)?.toISOString();
      }),
    );
  });
});
