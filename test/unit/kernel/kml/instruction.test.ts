import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isPadding,
  leavesLine,
  neverFalls,
  parseInstruction,
  writesRax,
} from '../../../../src/kernel/kml/instruction.js';

describe('parseInstruction', () => {
  it('reads address, bytes and text', () => {
    expect(
      parseInstruction(
        '   26000:\tff 35 ea cf 1a 00    \tpush   0x1acfea(%rip)        # 1d2ff0 <x>',
      ),
    ).toEqual({
      address: 0x26000,
      bytes: [0xff, 0x35, 0xea, 0xcf, 0x1a, 0x00],
      text: 'push 0x1acfea(%rip)',
    });
  });

  it('reads bytes that are nothing', () => {
    expect(parseInstruction('  401000:\t06                   \t(bad)')?.text).toBe('(bad)');
  });

  it.each([
    '',
    '0000000000401000 <main>:',
    'Disassembly of section .text:',
    '\t...',
    'zz:\t90 \tnop',
  ])('takes %j for no instruction', (line) => {
    expect(parseInstruction(line)).toBeUndefined();
  });

  it('takes any line', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(':\t', '\t', ' ', '0f 05 ', '401000', 'mov ', '%eax', ',', '(', ')', '$0x1'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const line = pieces.join('');
        const found = parseInstruction(line) ?? { text: line };
        for (const ask of [leavesLine, neverFalls, isPadding, writesRax]) {
          expect(typeof ask(found.text)).toBe('boolean');
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each(['(', ' ', 'cs ', '%eax,', '0f '])('is done at once with a line full of %j', (piece) => {
    const line = `  401000:\t90 \tmov ${piece.repeat(100_000)}`;
    const start = performance.now();
    const found = parseInstruction(line);
    expect(found?.address).toBe(0x401000);
    writesRax(found?.text ?? '');
    isPadding(found?.text ?? '');
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe('what an instruction does', () => {
  it.each([
    'mov $0x1,%eax',
    'xor %eax,%eax',
    'mov 0x8(%rsp,%rbx,4),%rax',
    'lea 0x1(%rbx),%eax',
    'cltq',
    'mul %rcx',
    'xchg %rax,%rbx',
    'pop %rax',
    'setne %al',
    'lock cmpxchg %edx,(%rdi)',
    'imul %rcx',
  ])('%s writes rax', (text) => {
    expect(writesRax(text)).toBe(true);
  });

  it.each([
    'mov %eax,(%rdi)',
    'mov %rax,%rdi',
    'cmp %rbx,%rax',
    'test %eax,%eax',
    'mov (%rax),%edi',
    'push %rax',
    'imul %rcx,%rdx',
    'bt $0x1,%eax',
    'nop',
    '',
  ])('%s does not', (text) => {
    expect(writesRax(text)).toBe(false);
  });

  it('knows what is not followed by the next, and what fills gaps', () => {
    expect(['ret', 'jmp 401000 <x>', 'ud2', 'repz ret'].every(neverFalls)).toBe(true);
    expect(neverFalls('jne 401000 <x>')).toBe(false);
    expect(['jne 401000 <x>', 'call *%rax', '(bad)'].every(leavesLine)).toBe(true);
    expect(leavesLine('mov %eax,%edi')).toBe(false);
    expect(
      [
        'nop',
        'nopw 0x0(%rax,%rax,1)',
        'data16 cs nopw 0x0(%rax,%rax,1)',
        'int3',
        'xchg %ax,%ax',
      ].every(isPadding),
    ).toBe(true);
    expect(isPadding('xchg %ax,%bx')).toBe(false);
  });
});
