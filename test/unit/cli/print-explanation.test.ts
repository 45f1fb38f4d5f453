import { describe, expect, it } from 'vitest';
import { formatDiff } from '../../../src/cli/print-diff.js';
import { formatExplanation } from '../../../src/cli/print-explanation.js';
import { formatWhyNot } from '../../../src/cli/print-why-not.js';
import { style } from '../../../src/cli/style.js';
import { diff, explain, whyNot } from '../../../src/kconfig/index.js';
import type { OptionExplanation } from '../../../src/unikernel/index.js';
import { configured } from '../kconfig/configured.js';

const text = `config NET
	bool "networking"
menu "Devices"
config CARD
	bool "card"
	depends on NET || LOOP
	help
	  A card.
config LOOP
	bool "loop"
endmenu
`;

const plain = style(false);
const about = { configuration: 'redis', version: '6.12.1' };

describe('an explanation as text', () => {
  const { values, symbol, written } = configured(text, { NET: 'y' });
  const found = {
    ...about,
    explanation: explain(values, symbol('CARD'), written),
    facts: {
      files: [{ path: 'net/card.c', position: { file: 'net/Makefile', line: 3 }, with: ['LOOP'] }],
      directories: [],
      gives: [{ kind: 'syscall' as const, name: 'swipe', with: ['NET'], or: [] }],
    },
    given: ['NET'],
  };

  it('has everything in the order one asks for it', () => {
    expect(formatExplanation(found, plain)).toBe(`CONFIG_CARD=n  card  (bool)
in redis, Linux 6.12.1

Why      nobody asked for it
Defined  Kconfig:4  Devices
  Needs
    ✓ one of  (Kconfig:6)
      ✓ NET [=y]
      ✗ LOOP [=n]
Compiles
  net/card.c (with LOOP)  (net/Makefile:3)
System calls  swipe
Help
  A card.
`);
  });

  it('tells what an option that is on costs, once its kernel is built', () => {
    const { values, symbol, written } = configured(text, { NET: 'y', CARD: 'y' });
    const on = { ...found, explanation: explain(values, symbol('CARD'), written) };
    const costs = (cost?: OptionExplanation['cost']) =>
      formatExplanation({ ...on, ...(cost === undefined ? {} : { cost }) }, plain)
        .split('\n')
        .filter((line) => line.startsWith('Costs'));
    const sizes = { text: 1_200, rodata: 0, data: 34, init: 0, bss: 0 };
    expect(costs({ bytes: 1_234, sizes, objects: 2 })).toEqual([
      'Costs    1.2 kB in 2 objects (text 1.2 kB, data 34 B)',
    ]);
    expect(costs()).toEqual([expect.stringContaining('`lupine kernel size` builds it')]);
    expect(formatExplanation(found, plain)).not.toContain('Costs');
  });

  it('has colours for a terminal only', () => {
    expect(formatExplanation(found, plain)).not.toContain('\u001b');
    expect(formatExplanation(found, style(true))).toContain('\u001b[32m✓');
  });
});

describe('why an option is off, as text', () => {
  it('ends with a fragment', () => {
    const { values, symbol, written } = configured(text);
    const found = { ...about, whyNot: whyNot(values, symbol('CARD'), 'y', written) };
    const lines = formatWhyNot(found, plain).split('\n');
    expect(lines[0]).toBe('CONFIG_CARD is n, not y: its dependencies are not met');
    expect(lines).toContain('CONFIG_CARD=y');
    expect(lines.some((line) => /^CONFIG_(NET|LOOP)=y$/.test(line))).toBe(true);
  });
});

describe('a difference as text', () => {
  it('groups by menu and cause, and counts', () => {
    const side = (user: Readonly<Record<string, string>>) => ({
      values: configured(text, user).values,
      complete: false,
    });
    expect(formatDiff(diff(side({ LOOP: 'y' }), side({ NET: 'y', CARD: 'y' })), plain)).toBe(
      `General
  asked
    +NET=y  networking

Devices
  asked
    +CARD=y  card
    -LOOP=y  loop

2 turned on, 1 turned off, 0 with another value
`,
    );
    expect(formatDiff([], plain)).toBe('');
  });
});
