import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseShebang, programOfEnv } from '../../../../src/image/executable/shebang.js';

describe('parseShebang', () => {
  it.each([
    ['#!/bin/sh\necho', { interpreter: '/bin/sh' }],
    ['#! \t/bin/sh  -e -x \n', { interpreter: '/bin/sh', argument: '-e -x' }],
    ['#!/bin/sh', { interpreter: '/bin/sh' }],
    ['#!\n/bin/sh', undefined],
    ['#!', undefined],
    [' #!/bin/sh', undefined],
    ['', undefined],
  ])('reads %j', (text, expected) => {
    expect(parseShebang(Buffer.from(text))).toEqual(expected);
  });

  it('finds an interpreter without blanks in any bytes, or none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const found = parseShebang(Buffer.concat([Buffer.from('#!'), bytes]));
        expect(found?.interpreter ?? 'none').toMatch(/^[^ \t\n\0]+$/);
      }),
    );
  });
});

describe('programOfEnv', () => {
  it.each([
    ['python3', 'python3'],
    ['-S python3 -u', 'python3'],
    ['-Spython3 -u', 'python3'],
    ['-i -u HOME A=1 perl -w', 'perl'],
    ['-S A=1', undefined],
    ['', ''],
  ])('%j starts %j', (argument, program) => {
    expect(programOfEnv(argument)).toBe(program);
  });
});
