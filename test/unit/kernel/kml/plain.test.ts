import { describe, expect, it } from 'vitest';
import { plainKind } from '../../../../src/kernel/kml/plain.js';

const bytes = (hex: string) => [...Buffer.from(hex.replaceAll(' ', ''), 'hex')];

describe('plainKind', () => {
  it.each([
    ['b8 01 00 00 00', 'mov $1,%eax'],
    ['41 ba 08 00 00 00', 'mov $8,%r10d'],
    ['49 ba 08 00 00 00 00 00 00 00', 'movabs $8,%r10'],
    ['48 c7 c0 0f 00 00 00', 'mov $15,%rax'],
    ['48 89 fe', 'mov %rdi,%rsi'],
    ['48 63 ff', 'movslq %edi,%rdi'],
    ['31 d2', 'xor %edx,%edx'],
    ['40 80 f6 80', 'xor $0x80,%sil'],
    ['48 8d 73 08', 'lea 8(%rbx),%rsi'],
    ['8d 3c fd 06 00 00 00', 'lea 6(,%rdi,8),%edi'],
  ])('%s (%s) touches registers', (hex) => {
    expect(plainKind(bytes(hex))).toBe('register');
  });

  it.each([
    ['4c 8b 4c 24 08', 'mov 8(%rsp),%r9'],
    ['4c 89 5c 24 08', 'mov %r11,8(%rsp)'],
    ['c7 44 24 3c 01 00 00 00', 'movl $1,0x3c(%rsp)'],
    ['41 8b 70 10', 'mov 16(%r8),%esi'],
  ])('%s (%s) touches memory', (hex) => {
    expect(plainKind(bytes(hex))).toBe('memory');
  });

  it.each([
    ['48 8d 35 00 10 00 00', 'relative to RIP'],
    ['48 8b 05 00 10 00 00', 'relative to RIP'],
    ['e8 00 00 00 00', 'a call'],
    ['74 05', 'a jump'],
    ['ff e0', 'an indirect jump'],
    ['64 8b 04 25 00 00 00 00', 'a prefix'],
    ['66 89 c1', 'a prefix'],
    ['0f 46 f0', 'two bytes of opcode'],
    ['50', 'a push'],
    ['83 f8 01', 'a comparison'],
    ['48 8d c0', 'LEA of a register, which is none'],
    ['b8 01 00 00', 'cut off'],
    ['48 89', 'cut off'],
    ['48', 'only a prefix'],
    ['', 'nothing'],
    ['89 c7 90', 'more than one'],
  ])('leaves %s: %s', (hex) => {
    expect(plainKind(bytes(hex))).toBeUndefined();
  });
});
