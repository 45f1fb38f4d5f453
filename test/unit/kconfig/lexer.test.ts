import { describe, expect, it } from 'vitest';
import { KconfigError, Log } from '../../../src/kconfig/errors.js';
import { Lexer } from '../../../src/kconfig/lexer.js';
import { faults, read } from './read.js';

/** All tokens, texts in brackets. */
function tokens(text: string): string {
  const log = new Log();
  const lexer = new Lexer('Kconfig', {
    environment: { E: 'ENV' },
    shell: (command) => command,
    read: () => text,
    log,
  });
  const seen: string[] = [];
  for (;;) {
    const token = lexer.next();
    if (token === 'end') return seen.join(' ');
    const hasText = token === 'word' || token === 'quoted' || token === 'value';
    seen.push(hasText ? `${token}[${lexer.text}]` : token);
  }
}

describe('words', () => {
  it('are keywords only as a whole', () => {
    expect(tokens('config configs CONFIG\n')).toBe('config word[configs] word[CONFIG] eol');
  });

  it('take digits, dashes and underscores', () => {
    expect(tokens('A_1-b 0x1F -5\n')).toBe('word[A_1-b] word[0x1F] word[-5] eol');
  });

  it('are put together from macros, and never keywords then', () => {
    expect(tokens('A$(E)B config$(none) $(none) $\n')).toBe('word[AENVB] word[config] word[$] eol');
  });

  it('go on after a macro with blanks in it', () => {
    expect(tokens('$(shell,a b)-c d\n')).toBe('word[a b-c] word[d] eol');
  });
});

describe('quotes', () => {
  it('may be single, with double ones inside, and the other way round', () => {
    expect(tokens(`'a"b' "c'd"\n`)).toBe(`quoted[a"b] quoted[c'd] eol`);
  });

  it('let a backslash take any character as it is', () => {
    expect(tokens('"a\\"b\\\\c\\d\\$(E)"\n')).toBe('quoted[a"b\\cd$(E)] eol');
  });

  it('expand macros', () => {
    expect(tokens('"x $(E) y$"\n')).toBe('quoted[x ENV y$] eol');
  });

  it('end with the line, with a warning', () => {
    const { messages } = read('config A\n\tbool "a\n');
    expect(messages).toEqual(['Kconfig:2:warning: multi-line strings not supported']);
  });
});

describe('operators', () => {
  it('are the longest that fit', () => {
    expect(tokens('if A<B<=C!=!D&&E||(F>=G)\n')).toBe(
      'if word[A] < word[B] <= word[C] != ! word[D] && word[E] || ( word[F] >= word[G] ) eol',
    );
  });
});

describe('lines', () => {
  it('may be empty or comments, and then give no token', () => {
    expect(tokens('\n# c\n  \nif # c\n\n')).toBe('if eol');
  });

  it('go on after a backslash', () => {
    expect(tokens('if \\\n A\n')).toBe('if word[A] eol');
  });

  it('are text after an assignment', () => {
    expect(tokens('A :=  if "x # y \nB =\n')).toBe(
      'word[A] := value[if "x # y ] eol word[B] = eol',
    );
  });

  it('are no assignment where a statement goes on', () => {
    expect(tokens('if A = if\n')).toBe('if word[A] = if eol');
  });
});

describe('what is no part of the language', () => {
  it('is passed over, with a warning a byte', () => {
    expect(read('config A ;\n\tbool "é"é\n').messages).toEqual([
      "Kconfig:1:warning: ignoring unsupported character ';'",
      "Kconfig:2:warning: ignoring unsupported character '\ufffd'",
      "Kconfig:2:warning: ignoring unsupported character '\ufffd'",
    ]);
  });

  it('is a lone & or |', () => {
    expect(read('config A\n\tbool "a" if A & | && B\n').messages).toHaveLength(2);
  });
});

describe('source', () => {
  it('reads a file in place', () => {
    const { entries } = read('source "b"\nconfig C\n', { files: { b: '\nconfig B\n' } });
    expect(entries).toMatchObject([
      { name: 'B', position: { file: 'b', line: 2 } },
      { name: 'C', position: { file: 'Kconfig', line: 2 } },
    ]);
  });

  it('says what is missing, and where it was asked for', () => {
    const files = { b: '\nsource "c"\n' };
    expect(faults('source "b"\n', { files })).toEqual(['b:2: can\'t open file "c"']);
    try {
      read('\nsource "b"\n', { files });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(KconfigError);
      expect((error as KconfigError).position).toEqual({ file: 'b', line: 2 });
      expect((error as KconfigError).includedFrom).toEqual([{ file: 'Kconfig', line: 2 }]);
    }
  });

  it('takes no file into itself', () => {
    const files = { b: '\nsource "c"\n', c: 'source "b"\n' };
    expect(faults('source "b"\n', { files })).toEqual([
      'Recursive inclusion detected.',
      'Inclusion path:',
      '  current file : b',
      '  included from: c:1',
      '  included from: b:2',
      '  included from: Kconfig:1',
    ]);
  });

  it('warns of a file that does not end its last line', () => {
    const { entries, messages } = read('source "b"\nconfig C\n', { files: { b: 'config B' } });
    expect(messages).toEqual(['b:1:warning: no new line at end of file']);
    expect(entries).toHaveLength(2);
  });

  it('ends where files under ever new names would have no end', () => {
    const surroundings = { environment: {}, shell: () => '', log: new Log() };
    const lexer = new Lexer('a', { ...surroundings, read: () => '\n' });
    expect(() => {
      for (let name = 'a'; ; name = `./${name}`) lexer.enter(`./${name}`);
    }).toThrow(/can't open file/);
  });
});
