import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ObjectCounter, expectObjects, firstError } from '../../../src/kernel/make-output.js';

describe('ObjectCounter', () => {
  it('counts object files and nothing else', () => {
    const counter = new ObjectCounter(10);
    expect(counter.see('  CC      mm/slub.o')).toEqual({ done: 1, total: 10, unit: 'objects' });
    expect(counter.see('  AR      mm/built-in.a')).toBeUndefined();
    expect(counter.see('  UPD     include/generated/utsrelease.h')).toBeUndefined();
    expect(counter.see('mm/slub.c:3:1: warning: x.o')).toBeUndefined();
    expect(counter.see('  HOSTCC  scripts/kallsyms.o')).toMatchObject({ done: 2 });
  });

  it('never goes back and is never whole', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(100), (expected, lines) => {
        const counter = new ObjectCounter(Math.max(1, expected));
        let share = 0;
        for (let line = 0; line < lines; line += 1) {
          const amount = counter.see(`  CC      ${line}.o`);
          const next = amount === undefined ? 0 : amount.done / amount.total;
          expect(next).toBeGreaterThanOrEqual(share);
          expect(next).toBeLessThan(1);
          share = next;
        }
      }),
    );
  });
});

describe('expectObjects', () => {
  it('starts from the most similar earlier build', () => {
    const earlier = [
      { options: 400, objects: 700 },
      { options: 900, objects: 2000 },
    ];
    expect(expectObjects(400, earlier)).toBe(700);
    expect(expectObjects(410, earlier)).toBe(716);
    expect(expectObjects(100, [])).toBe(160);
  });
});

describe('firstError', () => {
  it.each([
    [
      ['  CC  a.o', 'a.c:3:7: error: expected x', 'make[1]: *** [a.o] Error 1'],
      'a.c:3:7: error: expected x',
    ],
    [
      [
        'make: *** No rule',
        'ld: vmlinux.o: in function f:',
        "f.c:(.text+0x1): undefined reference to `g'",
      ],
      "f.c:(.text+0x1): undefined reference to `g'",
    ],
    [['/bin/sh: 1: flex: not found', 'make: *** [x] Error 127'], '/bin/sh: 1: flex: not found'],
    [
      ['x.c:1:1: error: y', 'cc1: fatal error: No space left on device'],
      'cc1: fatal error: No space left on device',
    ],
    [['something', ''], 'something'],
    [[], 'make said nothing'],
  ])('of %j', (lines, reason) => {
    expect(firstError(lines)).toBe(reason);
  });
});
