import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseGuestOutput } from '../../../src/evaluation/guest/output.js';
import { LupineError } from '../../../src/support/errors.js';

describe("the guest's figures", () => {
  test('come between lines of the kernel, with the line ends of a serial port', () => {
    const { figures, counts, lacks, steps } = parseGuestOutput(
      'random: crng init done\r\nbench: figure null 0 10 1840 1850\r\nbench: lacks unix 97\r\nbench: count forks 3\r\nbench: end\r\nreboot: Restarting system\r\n',
    );
    expect(figures).toEqual([{ name: 'null', x: 0, count: 10, ticks: 1840, nanoseconds: 1850 }]);
    expect(lacks).toEqual(['unix']);
    expect(steps.size).toBe(0);
    expect(counts).toEqual(new Map([['forks', 3]]));
  });

  test('leave to each step what its command printed', () => {
    const { steps, figures } = parseGuestOutput(
      'bench: step get\r\n"GET","100.5"\r\nbench: figure get 0 1 5 5\r\nbench: step set\r\na\r\nb\r\nbench: figure set 0 1 5 5\r\nbench: end\r\nlast\r\n',
    );
    expect(steps.get('get')).toBe('"GET","100.5"\n');
    expect(steps.get('set')).toBe('a\nb\n');
    expect(figures).toHaveLength(2);
  });

  test.each([
    ['bench: figure null 0 10 1840 1850\n', 'did not come to its end: bench: figure null'],
    ['Kernel panic - not syncing: VFS\n---[ end ]---\n', 'Kernel panic - not syncing: VFS'],
    ['', 'it said nothing'],
    ['bench: failed sys_mount(a, b) 19\n', 'failed in the guest: sys_mount(a, b) 19'],
    [
      'bench: step get\nCould not connect\nbench: figure get 0 1 5 5\nbench: failed /bin/x ended with status 1\n',
      'failed in the guest: /bin/x ended with status 1: Could not connect',
    ],
    ['bench: figure null 0 0 1 1\nbench: end\n', 'garbled'],
    ['bench: figure null 0 x 1 1\nbench: end\n', 'garbled'],
    ['bench: figure null 0 1 1\nbench: end\n', 'garbled'],
  ])('that are not whole are no figures: %j', (text, why) => {
    let line = '';
    try {
      parseGuestOutput(text);
    } catch (error) {
      if (error instanceof LupineError) line = error.line;
    }
    expect(line).toContain(why);
  });

  test('whatever a guest says: figures or a LupineError', () => {
    const word = fc.oneof(
      fc.constantFrom('bench:', 'figure', 'lacks', 'step', 'failed', 'end', '\r\n', '\n'),
      fc.integer().map(String),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        try {
          parseGuestOutput(words.join(' '));
        } catch (error) {
          expect(error).toBeInstanceOf(LupineError);
        }
      }),
    );
  });
});
