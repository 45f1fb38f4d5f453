import { describe, expect, it } from 'vitest';
import { parseMakefile, preprocessorGates } from '../../../src/kernel/gates.js';

describe('parseMakefile', () => {
  it('reads object lists, continuations and conditions', () => {
    const found = parseMakefile(
      [
        'obj-y := open.o \\',
        '\tstat.o # comment',
        'obj-$(CONFIG_EPOLL) += eventpoll.o',
        'ifeq ($(CONFIG_POSIX_TIMERS),y)',
        ' obj-y += posix-timers.o',
        'else',
        ' obj-y += posix-stubs.o',
        'endif',
        'ipv6-objs := af_inet6.o',
      ].join('\n'),
    );
    expect(found).toEqual([
      { stem: 'obj', words: ['open.o', 'stat.o'], gates: { options: [], negated: false } },
      { stem: 'obj', words: ['eventpoll.o'], gates: { options: ['EPOLL'], negated: false } },
      {
        stem: 'obj',
        words: ['posix-timers.o'],
        gates: { options: ['POSIX_TIMERS'], negated: false },
      },
      { stem: 'obj', words: ['posix-stubs.o'], gates: { options: [], negated: true } },
      { stem: 'ipv6', words: ['af_inet6.o'], gates: { options: [], negated: false } },
    ]);
  });
});

describe('preprocessorGates', () => {
  const text = [
    '#ifdef CONFIG_A', // 1
    'one',
    '#if defined(CONFIG_B) && !defined(CONFIG_C)', // 3
    'two',
    '#endif',
    '#else', // 6
    'three',
    '#endif',
    '# ifdef OTHER', // 9
    'four',
    '#endif',
    '#ifndef CONFIG_D', // 12
    'five',
    '#endif',
  ].join('\n');

  it.each([
    [2, ['A'], false],
    [4, ['A', 'B'], true],
    [7, [], true],
    [10, [], false],
    [13, [], true],
  ])('of line %i', (line, options, negated) => {
    expect(preprocessorGates(text, line)).toEqual({ options, negated });
  });
});
