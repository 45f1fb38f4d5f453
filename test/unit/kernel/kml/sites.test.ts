import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formOf } from '../../../../src/kernel/kml/forms.js';
import { Lines } from '../../../../src/kernel/kml/objdump.js';
import { SiteFinder } from '../../../../src/kernel/kml/sites.js';
import { LupineError } from '../../../../src/support/errors.js';

function find(text: string, candidates: readonly number[]) {
  const finder = new SiteFinder(candidates);
  for (const line of text.split('\n')) finder.line(line);
  return finder.sites();
}

const DUMP = `
/bin/x:     file format elf64-x86-64


Disassembly of section .text:

0000000000001000 <first>:
    1000:\t53                   \tpush   %rbx
    1001:\tb8 01 00 00 00       \tmov    $0x1,%eax
    1006:\t48 89 fe             \tmov    %rdi,%rsi
    1009:\t0f 05                \tsyscall
    100b:\t75 f9                \tjne    1006 <first+0x6>
    100d:\tc3                   \tret
    100e:\t66 90                \txchg   %ax,%ax
    1010:\t0f 1f 40 00          \tnopl   0x0(%rax)

0000000000001014 <second>:
    1014:\t0f 05                \tsyscall
    1016:\tb8 0f 05 00 00       \tmov    $0x50f,%eax
`;

describe('SiteFinder', () => {
  it('finds sites with what is before, who jumps there, and padding', () => {
    const [first, second, ...more] = find(DUMP, [0x1009, 0x1014, 0x1017]);
    expect(more).toEqual([]);
    expect(first?.symbol).toEqual({ name: 'first', offset: 9 });
    expect(first?.before.map(({ text }) => text)).toEqual([
      'push %rbx',
      'mov $0x1,%eax',
      'mov %rdi,%rsi',
    ]);
    expect(first?.padding).toEqual([{ address: 0x100e, length: 6 }]);
    expect(second).toMatchObject({
      address: 0x1014,
      before: [],
      symbol: { name: 'second', offset: 0 },
    });
  });

  it('does not look back past a jump, a label or a gap', () => {
    const before = (line: string) =>
      find(`${line}\n  1009:\t0f 05 \tsyscall`, [0x1009])[0]?.before.map(({ text }) => text);
    expect(before('  1007:\t89 c7 \tmov %eax,%edi')).toEqual(['mov %eax,%edi']);
    expect(before('  1007:\t75 f9 \tjne 1006 <first+0x6>')).toEqual([]);
    expect(before('  1006:\t89 c7 \tmov %eax,%edi')).toEqual([]);
    expect(before('  1007:\t89 c7 \tmov %eax,%edi\n0000000000001009 <label>:')).toEqual([]);
  });

  it('takes padding only where nothing falls into it', () => {
    const padding = (line: string) =>
      find(
        `${line}\n  100d:\t0f 1f 44 00 00 \tnopl 0x0(%rax,%rax,1)\n  1012:\t0f 05 \tsyscall`,
        [0x1012],
      )[0]?.padding;
    expect(padding('  100c:\tc3 \tret')).toEqual([{ address: 0x100d, length: 5 }]);
    expect(padding('  100c:\t50 \tpush %rax')).toEqual([]);
  });

  it('takes any text', () => {
    const line = fc.oneof(fc.string(), fc.constantFrom(...DUMP.split('\n')));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
        for (const site of find(lines.join('\n'), [0x1009, 0x1014])) {
          expect([0x1009, 0x1014]).toContain(site.address);
          formOf(site);
        }
      }),
    );
  });
});

describe('formOf', () => {
  const form = (...before: string[]) => {
    let address = 0x1000;
    const lines = before.map((one) => {
      const [hex = '', text = ''] = one.split('|');
      const line = `  ${address.toString(16)}:\t${hex} \t${text}`;
      address += hex.split(' ').length;
      return line;
    });
    const [site] = find([...lines, `  ${address.toString(16)}:\t0f 05 \tsyscall`].join('\n'), [
      address,
    ]);
    if (site === undefined) throw new Error('no site');
    const { name, number, between } = formOf(site);
    return [name, number, between.length];
  };
  const mov = 'b8 27 00 00 00|mov $0x27,%eax';

  it('tells the forms apart', () => {
    expect(form(mov)).toEqual(['mov', 39, 0]);
    expect(form('48 c7 c0 0f 00 00 00|mov $0xf,%rax')).toEqual(['mov', 15, 0]);
    expect(form('31 c0|xor %eax,%eax')).toEqual(['zero', 0, 0]);
    expect(form(mov, '48 89 fe|mov %rdi,%rsi', '31 d2|xor %edx,%edx')).toEqual(['moves', 39, 2]);
    expect(form(mov, '48 8b 73 10|mov 0x10(%rbx),%rsi')).toEqual(['others', 39, 1]);
    expect(form('48 89 f8|mov %rdi,%rax')).toEqual(['register', undefined, 0]);
    expect(form('48 8b 44 24 08|mov 0x8(%rsp),%rax')).toEqual(['memory', undefined, 0]);
    expect(form('83 c0 01|add $0x1,%eax')).toEqual(['computed', undefined, 0]);
    expect(form('48 89 fe|mov %rdi,%rsi')).toEqual(['elsewhere', undefined, 0]);
    expect(form(mov, '89 c7|mov %eax,%edi', '89 d8|mov %ebx,%eax')).toEqual([
      'register',
      undefined,
      0,
    ]);
  });
});

describe('Lines', () => {
  it('puts pieces together', () => {
    const seen: string[] = [];
    const lines = new Lines((line) => seen.push(line));
    for (const piece of ['a', 'b\nc', '\n\nd']) lines.push(piece);
    lines.end();
    expect(seen).toEqual(['ab', 'c', '', 'd']);
  });

  it('refuses a line without an end', () => {
    const lines = new Lines(() => undefined);
    const feed = () => {
      for (let count = 0; count < 40; count++) lines.push('x'.repeat(65_536));
    };
    expect(feed).toThrow(LupineError);
  });
});
