import { describe, expect, it } from 'vitest';
import type { AstEntry } from '../../../src/kconfig/ast.js';
import { faults, read } from './read.js';

function properties(lines: string): unknown[] {
  const [entry] = read(`config A\n${lines}`).entries;
  return [...(entry as Extract<AstEntry, { kind: 'config' | 'menuconfig' }>).properties];
}

const operand = (name: string, quoted = false) => ({ kind: 'operand', operand: { name, quoted } });

/** The condition, fully parenthesised. */
function condition(text: string): string {
  const [entry] = read(`if ${text}\nendif\n`).entries;
  return show((entry as Extract<AstEntry, { kind: 'if' }>).condition);
}

function show(expression: Extract<AstEntry, { kind: 'if' }>['condition']): string {
  switch (expression.kind) {
    case 'operand':
      return expression.operand.name;
    case 'not':
      return `!${show(expression.of)}`;
    case 'compare':
      return `(${expression.left.name}${expression.operator}${expression.right.name})`;
    default: {
      const sign = expression.kind === 'and' ? '&' : '|';
      return `(${show(expression.left)}${sign}${show(expression.right)})`;
    }
  }
}

describe('a config', () => {
  it('has a type, with a prompt on the same line', () => {
    const position = { file: 'Kconfig', line: 2 };
    expect(properties('\tbool "text" if B\n')).toEqual([
      { kind: 'prompt', position, text: 'text', condition: operand('B') },
      { kind: 'type', position, type: 'bool' },
    ]);
    for (const type of ['tristate', 'int', 'hex', 'string']) {
      expect(properties(`\t${type}\n`)).toMatchObject([{ kind: 'type', type }]);
    }
  });

  it('has defaults, some with their type', () => {
    expect(properties('\tdefault "x" if B\n\tdef_bool y\n\tdef_tristate m\n')).toMatchObject([
      { kind: 'default', value: operand('x', true), condition: operand('B') },
      { kind: 'type', type: 'bool' },
      { kind: 'default', value: operand('y') },
      { kind: 'type', type: 'tristate' },
      { kind: 'default', value: operand('m') },
    ]);
  });

  it('selects, implies, ranges, depends', () => {
    const lines = '\tselect B if C\n\timply D\n\trange 1 0x2 if C\n\tdepends on E\n';
    expect(properties(lines)).toMatchObject([
      { kind: 'select', target: 'B', condition: operand('C') },
      { kind: 'imply', target: 'D' },
      { kind: 'range', low: { name: '1' }, high: { name: '0x2' }, condition: operand('C') },
      { kind: 'depends', expression: operand('E') },
    ]);
  });

  it('may have what newer kernels know', () => {
    expect(properties('\tdepends on B if C\n\ttransitional\n\tmodules\n')).toMatchObject([
      { kind: 'depends', expression: operand('B'), condition: operand('C') },
      { kind: 'transitional' },
      { kind: 'modules' },
    ]);
  });

  it('knows the line of each property, the first where a line goes on', () => {
    expect(properties('\tbool \\\n\t"a"\n\n\tdefault y\n')).toMatchObject([
      { position: { line: 2 } },
      { position: { line: 2 } },
      { position: { line: 5 } },
    ]);
  });
});

describe('help', () => {
  const helpOf = (lines: string) =>
    (properties(lines) as { text: string }[]).map((property) => property.text);

  it('loses the indentation of its first line', () => {
    expect(helpOf('\thelp\n\t  one\n\t    two\n\n\t  three\n\tdefault y\n')[0]).toBe(
      'one\n  two\n\nthree\n',
    );
  });

  it('counts a tab to the next eighth column', () => {
    expect(helpOf('\thelp\n        one\n\ttwo\n  \tthree\n\t\tfour\n')[0]).toBe(
      'one\ntwo\nthree\n        four\n',
    );
  });

  it('ends at a line that is indented less', () => {
    expect(properties('\thelp\n\t  one\n\tdefault y\n')).toMatchObject([
      { kind: 'help', text: 'one\n' },
      { kind: 'default' },
    ]);
  });

  it('ends at the margin, without the last newline', () => {
    expect(helpOf('\thelp\n\t  one \nconfig B\n')[0]).toBe('one');
  });

  it('is missed where there is none, and told of where there are two', () => {
    expect(read('config A\n\thelp\n\n\nconfig B\n\thelp\n\t  b\n\thelp\n\t c\n').messages).toEqual([
      "Kconfig:5: warning: 'A' defined with blank help text",
      "Kconfig:10: warning: 'B' defined with more than one help text -- only the last one will be used",
    ]);
  });
});

describe('conditions', () => {
  it('bind !, then comparisons and &&, then ||', () => {
    expect(condition('!A && B || C && D')).toBe('((!A&B)|(C&D))');
    expect(condition('A && (B || C)')).toBe('(A&(B|C))');
    expect(condition('!A = B')).toBe('!(A=B)');
    expect(condition('!!(A || B)')).toBe('!!(A|B)');
    expect(condition('A || B || C')).toBe('((A|B)|C)');
  });

  it('compare symbols and texts', () => {
    for (const operator of ['=', '!=', '<', '<=', '>', '>=']) {
      expect(condition(`A ${operator} "1"`)).toBe(`(A${operator}1)`);
    }
  });

  it('compare nothing else', () => {
    expect(faults('if A = B = C\nendif\n')[0]).toBe('Kconfig:1: syntax error');
    expect(faults('if (A) = B\nendif\n')[0]).toBe('Kconfig:1: syntax error');
  });

  it('end with an error where they nest without end', () => {
    expect(faults(`if ${'('.repeat(100_000)}\n`)).toContain('Kconfig:1: memory exhausted');
    expect(faults(`if ${'!'.repeat(100_000)}A\n`)).toContain('Kconfig:1: memory exhausted');
    expect(faults(`if A${' && A'.repeat(100_000)}\n`)).toContain('Kconfig:1: memory exhausted');
  });
});

describe('blocks', () => {
  it('nest', () => {
    const text = `mainmenu "T"
menu "m"
	depends on A
	visible if B
if C
comment "c"
	depends on D
endif
endmenu
choice
	prompt "p"
	default E
config E
	bool "e"
endchoice
`;
    expect(read(text)).toMatchObject({
      title: 'T',
      entries: [
        {
          kind: 'menu',
          prompt: 'm',
          properties: [{ kind: 'depends' }, { kind: 'visible' }],
          entries: [
            {
              kind: 'if',
              condition: operand('C'),
              entries: [{ kind: 'comment', prompt: 'c', properties: [{ kind: 'depends' }] }],
            },
          ],
        },
        {
          kind: 'choice',
          properties: [{ kind: 'prompt' }, { kind: 'default', value: operand('E') }],
          entries: [{ kind: 'config', name: 'E' }],
        },
      ],
    });
  });

  it('are what older kernels had as choices: named, tristate, optional', () => {
    expect(read('choice NAME\n\ttristate "p"\n\toptional\nendchoice\n').entries).toMatchObject([
      {
        name: 'NAME',
        properties: [{ kind: 'prompt' }, { type: 'tristate' }, { kind: 'optional' }],
      },
    ]);
  });

  it('end in the file they began in', () => {
    const files = { b: 'config A\n\tbool "a"\nendmenu\n' };
    expect(faults('menu "m"\nsource "b"\n', { files })).toEqual([
      "b:3: 'menu' in different file than 'menu'",
      "Kconfig:1: location of the 'menu'",
    ]);
  });

  it('end with their own end', () => {
    expect(faults('menu "m"\nif A\nendmenu\nendif\n')).toEqual([
      "Kconfig:3: unexpected 'menu' within if block",
      "Kconfig:4: unexpected 'if' within menu block",
    ]);
  });

  it('end at all', () => {
    expect(faults('menu "m"\nif A\n')).toEqual([
      'Kconfig:3: syntax error',
      'Kconfig:2: missing end statement for this entry',
      'Kconfig:1: missing end statement for this entry',
    ]);
  });

  it('nest to some depth only', () => {
    expect(faults('if A\n'.repeat(100_000))[0]).toMatch(/memory exhausted/);
  });
});

describe('lines that make no sense', () => {
  it('are told of, each', () => {
    expect(faults('config A\n\tbool b\nconfig B\n\tbool "b"\n\tfoo bar\n')).toEqual([
      'Kconfig:2: syntax error',
      'Kconfig:2: invalid statement',
      'Kconfig:5: syntax error',
      'Kconfig:5: unknown statement "foo"',
    ]);
  });

  it('are told of once where they follow each other', () => {
    expect(faults('foo\nbar\n')).toEqual([
      'Kconfig:1: syntax error',
      'Kconfig:1: unknown statement "foo"',
      'Kconfig:2: unknown statement "bar"',
    ]);
  });

  it('do not belong into a choice', () => {
    expect(faults('choice\n\tprompt "c"\nmenuconfig A\nendchoice\n')).toEqual([
      'Kconfig:3: syntax error',
      'Kconfig:3: invalid statement',
    ]);
  });

  it('need no prompt to be a menuconfig, but get a warning', () => {
    expect(read('menuconfig A\n\tbool\nconfig B\n').messages).toEqual([
      'Kconfig:3: warning: menuconfig statement without prompt',
    ]);
  });
});
