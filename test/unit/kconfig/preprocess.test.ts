import { describe, expect, it } from 'vitest';
import { faults, read, type Surroundings } from './read.js';

/** What `text` expands to at the end of `lines`. */
function expand(text: string, lines = '', surroundings?: Surroundings): string | undefined {
  return read(`${lines}\n$(info,${text})\n`, surroundings).messages.at(-1);
}

describe('variables', () => {
  it('expand simple ones when they are set', () => {
    expect(expand('$(S)', 'X := 1\nS := $(X)\nX := 2')).toBe('1');
  });

  it('expand recursive ones when they are used', () => {
    expect(expand('$(R)', 'X := 1\nR = $(X)\nX := 2')).toBe('2');
  });

  it('append in the way the variable was made', () => {
    expect(expand('$(S)', 'X := 1\nS := $(X)\nS += $(X)\nX := 2')).toBe('1 1');
    expect(expand('$(R)', 'X := 1\nR = $(X)\nR += $(X)\nX := 2')).toBe('2 2');
    expect(expand('$(U)', 'X := 1\nU += $(X)\nX := 2')).toBe('2');
  });

  it('may have a computed name', () => {
    expect(expand('$(AB)', 'X := A\n$(X)B := 5')).toBe('5');
    expect(expand('$($(N))', 'N := V\nV := inner')).toBe('inner');
  });

  it('keep blanks and comments in their value', () => {
    expect(expand('[$(V)]', 'V :=   a # b  ')).toBe('[a # b  ]');
  });

  it('come from the environment last, and are nothing otherwise', () => {
    const environment = { E: 'outside', S: 'hidden' };
    expect(expand('$(E) $(S)[$(none)]', 'S := own', { environment })).toBe('outside own[]');
  });

  it('may not refer to themselves', () => {
    expect(faults('X = $(Y)\nY = $(X)\n$(info,$(X))\n')).toEqual([
      "Kconfig:3: Recursive variable 'X' references itself (eventually)",
    ]);
  });
});

describe('functions', () => {
  it('take arguments by number, missing ones being empty', () => {
    expect(expand('$(f,Hello,John) $(f,Bye)', 'f = $(1)-$(2)')).toBe('Hello-John Bye-');
  });

  it('split arguments before they are expanded, and not inside parentheses', () => {
    expect(expand('$(f,a$(comma)b)', 'comma := ,\nf = [$(1)|$(2)]')).toBe('[a,b|]');
    expect(expand('$(f,(a,b),c)', 'f = [$(1)|$(2)]')).toBe('[(a,b)|c]');
  });

  it('recurse a thousand deep and no further', () => {
    expect(faults('f = $(f,$(1))\n$(f,x)\n')).toEqual(['Kconfig:2: Too deep recursive expansion']);
  });

  it('have 16 words at most', () => {
    const call = `$(f,${Array.from({ length: 16 }, String).join(',')})`;
    expect(faults(`${call}\n`)).toEqual(['Kconfig:1: too many function arguments']);
  });

  it('are checked for their number of arguments where they are built in', () => {
    expect(faults('$(info)\n')).toEqual(["Kconfig:1: too few function arguments passed to 'info'"]);
    expect(faults('$(info,a,b)\n')).toEqual([
      "Kconfig:1: too many function arguments passed to 'info'",
    ]);
  });

  it('know where they are used', () => {
    expect(read('\n$(warning-if,y,$(filename) $(lineno))\n').messages).toEqual([
      'Kconfig:2: Kconfig 2',
    ]);
  });

  it('stop at an error-if that holds, and only then', () => {
    expect(read('$(error-if,n,stop)\n').messages).toEqual([]);
    expect(faults('\n$(error-if,y,stop)\n')).toEqual(['Kconfig:2: stop']);
  });
});

describe('shell', () => {
  it('gets the expanded command', () => {
    expect(expand('$(shell,$(CC) -v)', 'CC := gcc')).toBe('gcc -v');
  });

  it('gives its output on one line, without newlines at the end', () => {
    expect(expand('[$(shell,x)]', '', { shell: () => 'a\n\nb\n\n' })).toBe('[a  b]');
  });

  it('gives 4095 bytes of its output at most', () => {
    expect(expand('$(shell,x)', '', { shell: () => 'x'.repeat(5000) })).toHaveLength(4095);
    expect(expand('$(shell,x)', '', { shell: () => 'é'.repeat(3000) })).toHaveLength(2048);
  });
});

describe('references', () => {
  it('are only what is in parentheses', () => {
    expect(expand('$x $ $$')).toBe('$x $ $$');
  });

  it('are not expanded twice', () => {
    expect(expand('$(d)(X)', 'd := $\nX := no')).toBe('$(X)');
  });

  it('must end on their line', () => {
    expect(faults('config A\n\tbool "$(x\n")\n')).toEqual([
      "Kconfig:2: unterminated reference to 'x': missing ')'",
    ]);
  });

  it('may not grow without end', () => {
    const doubling = Array.from({ length: 40 }, (_, n) => `v${n} = $(v${n + 1})$(v${n + 1})\n`);
    expect(faults(`${doubling.join('')}$(v0)\n`)).toEqual([
      'Kconfig:41: Too deep recursive expansion',
    ]);
    const growing = `v := xxxxxxxx\n${'v += $(v)\n'.repeat(40)}`;
    expect(faults(growing)[0]).toMatch(/: expansion is too long$/);
  });
});
