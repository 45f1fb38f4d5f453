import { describe, expect, test } from 'vitest';
import { want, type WantResult } from '../../../../src/kconfig/solve/want.js';
import { allNo, spaceOf } from './base.js';

function wantFrom(text: string, wanted: Record<string, string>): WantResult {
  return want(allNo(spaceOf(text)), wanted);
}

/** The settings of the only answer, as `NAME=value`. */
function settingsFor(text: string, wanted: Record<string, string>): string[] {
  const result = wantFrom(text, wanted);
  if (result.kind !== 'answers') throw new Error(`no answer: ${JSON.stringify(clashOf(result))}`);
  return result.answers[0]!.settings.map(({ name, value }) => `${name}=${value}`);
}

/** The rules that forbid it, as `kind SYMBOL line`. */
function clashOf(result: WantResult): string[] {
  if (result.kind !== 'impossible') throw new Error(result.kind);
  return result.clash.map(({ kind, symbol, position }) =>
    `${kind} ${symbol.name} ${String(position?.line ?? '')}`.trim(),
  );
}

describe('want', () => {
  test('follows a chain of dependencies', () => {
    const text = `
config A
	bool "a"
config B
	bool "b"
	depends on A
config C
	bool "c"
	depends on B
`;
    expect(settingsFor(text, { C: 'y' })).toEqual(['A=y', 'B=y', 'C=y']);
  });

  test('takes the cheaper of two ways', () => {
    const text = `
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
    expect(settingsFor(text, { C: 'y' })).toEqual(['B=y', 'C=y']);
  });

  test('names two that exclude each other', () => {
    const text = `
config A
	bool "a"
	depends on !B
config B
	bool "b"
`;
    expect(clashOf(wantFrom(text, { A: 'y', B: 'y' })).sort()).toEqual([
      'depends A 2',
      'wanted A',
      'wanted B',
    ]);
  });
});
