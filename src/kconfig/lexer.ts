/**
 * Files in, tokens out. Macros are expanded inside words and quotes as they are met, sourced files are
 * read in the middle of their parents, and empty lines are dropped, so a parser sees one stream of
 * statements that each end in 'eol'.
 *
 * The input's language is that of the kernel's scanner (scripts/kconfig/lexer.l), with its rules for
 * when a line is text: after `help`, and after `NAME =`.
 */

import type { Position } from './ast.js';
import { at, type Log } from './errors.js';
import { scanHelp, type HelpExtent } from './help.js';
import { Preprocessor, type Shell } from './preprocess.js';
import { classes, dollarCode, keywordOf, longestKeyword, wordCode, type Token } from './tokens.js';

/** How files are found. @returns the text of `name`, or undefined where there is no such file. */
export type ReadSource = (name: string) => string | undefined;

export interface LexerOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly shell: Shell;
  readonly read: ReadSource;
  readonly log: Log;
}

/** As many files as the kernel's program may have open at once, and far more than a kernel has. */
const maxDepth = 1000;
const maxFiles = 100_000;

/** A file that waits for the one it sources. */
interface Suspended {
  readonly file: string;
  readonly source: string;
  readonly offset: number;
  readonly line: number;
  /** Of the `source` statement. */
  readonly statementLine: number;
}

export class Lexer {
  /** Of the last token, where it has a text: a word, a quoted string, a value. */
  text = '';
  /** Of the last 'helptext'. */
  help: HelpExtent | undefined;
  /** The line on which the present statement began. */
  statementLine = 0;
  file: string;
  readonly preprocessor: Preprocessor;
  /** Every file that was opened, once each, in order. */
  readonly files = new Set<string>();

  private readonly log: Log;
  private readonly readSource: ReadSource;
  private readonly suspended: Suspended[] = [];
  private source: string;
  private offset = 0;
  private lineNumber = 1;
  private opened = 0;
  private lastPosition: Position = { file: '', line: 0 };
  private previous: Token = 'eol';
  private beforePrevious: Token = 'eol';
  private mode: 'statement' | 'value' | 'help' = 'statement';

  /** @throws KconfigError where `file` cannot be read. */
  constructor(file: string, options: LexerOptions) {
    this.log = options.log;
    this.readSource = options.read;
    this.file = file;
    this.preprocessor = new Preprocessor({
      environment: options.environment,
      shell: options.shell,
      log: options.log,
      here: () => ({ file: this.file, line: this.lineNumber }),
      includedFrom: () => this.includedFrom(),
    });
    const source = this.readSource(file);
    if (source === undefined) {
      this.log.fault(`can't find file ${file}`);
      throw this.log.error();
    }
    this.source = source;
    this.files.add(file);
  }

  /** Where the present statement is. */
  position(): Position {
    const { file, statementLine: line } = this;
    // Several properties may come of one line: they share its position.
    if (this.lastPosition.line !== line || this.lastPosition.file !== file) {
      this.lastPosition = { file, line };
    }
    return this.lastPosition;
  }

  /** Where the present file was sourced, innermost first. */
  includedFrom(): Position[] {
    return this.suspended.map((each) => ({ file: each.file, line: each.statementLine })).reverse();
  }

  /** Goes on with `name`; the present file continues at its end. */
  enter(name: string): void {
    const position = this.position();
    const source = this.suspended.length < maxDepth ? this.readSource(name) : undefined;
    if (source === undefined || ++this.opened > maxFiles) {
      this.log.fault(`${at(position)}: can't open file "${name}"`, position, this.includedFrom());
      throw this.log.error();
    }
    this.suspended.push({
      file: this.file,
      source: this.source,
      offset: this.offset,
      line: this.lineNumber,
      statementLine: this.statementLine,
    });
    if (this.suspended.some((each) => each.file === name)) this.failRecursion(name, position);
    this.file = name;
    this.files.add(name);
    this.source = source;
    this.offset = 0;
    this.lineNumber = 1;
  }

  /** What follows, to the first line that is indented less, is the next token. */
  startHelp(): void {
    this.mode = 'help';
  }

  next(): Token {
    let token = this.scan();
    if (this.previous === 'eol' || this.previous === 'helptext') {
      while (token === 'eol') token = this.scan();
      this.statementLine = this.lineNumber;
    } else if (
      this.previous === 'word' &&
      this.beforePrevious === 'eol' &&
      (token === '=' || token === ':=' || token === '+=')
    ) {
      this.mode = 'value';
    }
    this.beforePrevious = this.previous;
    this.previous = token;
    return token;
  }

  private scan(): Token {
    if (this.mode === 'help') return this.readHelpText();
    if (this.mode === 'value') {
      const token = this.readValue();
      if (token) return token;
    }
    for (;;) {
      if (this.offset >= this.source.length) return this.endOfFile();
      const code = this.source.charCodeAt(this.offset);
      if (classes[code] !== 0) {
        const token = this.readWord();
        if (token) return token;
        continue;
      }
      switch (code) {
        case 0x20: // space
        case 0x09: // tab
          this.offset++;
          break;
        case 0x0a: // newline
          this.offset++;
          this.lineNumber++;
          return 'eol';
        case 0x23: // #
          this.offset = this.lineEnd();
          break;
        case 0x22: // "
        case 0x27: // '
          return this.readQuoted(code);
        default: {
          const token = this.readOperator();
          if (token) return token;
        }
      }
    }
  }

  /** A word, a keyword, or undefined where a macro expanded to nothing. */
  private readWord(): Token | undefined {
    const source = this.source;
    const start = this.offset;
    const { length } = source;
    let end = start;
    while (end < length && classes[source.charCodeAt(end)] === wordCode) end++;
    if (end < length && classes[source.charCodeAt(end)] === dollarCode) {
      return this.expandedWord(start);
    }
    this.offset = end;
    this.text = source.slice(start, end);
    // Most words are names of options, in capitals.
    const mayBeKeyword = source.charCodeAt(start) >= 0x61 && end - start <= longestKeyword;
    return (mayBeKeyword ? keywordOf.get(this.text) : undefined) ?? 'word';
  }

  /** A word with a `$` in it: its macros may reach over blanks, to the end of the line. */
  private expandedWord(start: number): Token | undefined {
    const line = this.source.slice(start, this.lineEnd());
    let text = '';
    let end = 0;
    while (end < line.length) {
      const kind = classes[line.charCodeAt(end)];
      if (kind === 0) break;
      if (kind === wordCode) text += line.charAt(end++);
      else {
        const reference = this.preprocessor.expandReference(line, end);
        text += reference.text;
        end = reference.end;
      }
    }
    this.offset = start + end;
    this.text = text;
    return text === '' ? undefined : 'word';
  }

  private readQuoted(quote: number): Token {
    const source = this.source;
    let text = '';
    let start = this.offset + 1;
    let end = start;
    for (;;) {
      const code = source.charCodeAt(end);
      if (code === quote) {
        this.offset = end + 1;
        break;
      }
      if (Number.isNaN(code) || code === 0x0a) {
        this.offset = end;
        if (code === 0x0a) this.warn(this.statementLine, 'multi-line strings not supported');
        break;
      }
      if (code === 0x24) {
        const line = source.slice(end, this.lineEnd(end));
        const reference = this.preprocessor.expandReference(line, 0);
        text += source.slice(start, end) + reference.text;
        start = end += reference.end;
      } else if (code === 0x5c) {
        // The next character stands for itself, unless it is the line's end.
        text += source.slice(start, end);
        start = ++end;
        if (end < source.length && source.charCodeAt(end) !== 0x0a) end++;
      } else end++;
    }
    this.text = text === '' ? source.slice(start, end) : text + source.slice(start, end);
    return 'quoted';
  }

  private readOperator(): Token | undefined {
    const first = this.source.charAt(this.offset);
    const second = this.source.charAt(this.offset + 1);
    this.offset++;
    switch (first) {
      case '(':
      case ')':
      case '=':
        return first;
      case '!':
      case '<':
      case '>':
        if (second !== '=') return first;
        this.offset++;
        return `${first}=`;
      case ':':
      case '+':
        if (second !== '=') break;
        this.offset++;
        return `${first}=`;
      case '&':
        if (second !== '&') break;
        this.offset++;
        return '&&';
      case '|':
        if (second !== '|') break;
        this.offset++;
        return '||';
      case '\\':
        if (second !== '\n') break;
        this.offset++;
        this.lineNumber++;
        return undefined;
    }
    this.ignoreCharacter(first, second);
    return undefined;
  }

  /** The kernel's program reads bytes: a character of several gets as many warnings. */
  private ignoreCharacter(first: string, second: string): void {
    let character = first;
    let bytes = 1;
    if (first > '\x7f') {
      if (first >= '\ud800' && first < '\udc00' && second >= '\udc00' && second < '\ue000') {
        this.offset++;
        bytes = 4;
      } else bytes = first > '\u07ff' ? 3 : 2;
      character = '\ufffd';
    }
    for (let count = 0; count < bytes; count++) {
      this.warn(this.lineNumber, `ignoring unsupported character '${character}'`);
    }
  }

  /** The rest of the line after `NAME =`; undefined where the file ended. */
  private readValue(): Token | undefined {
    let code = this.source.charCodeAt(this.offset);
    while (code === 0x20 || code === 0x09) code = this.source.charCodeAt(++this.offset);
    if (code === 0x0a || Number.isNaN(code)) {
      this.mode = 'statement';
      return undefined;
    }
    const end = this.lineEnd();
    this.text = this.source.slice(this.offset, end);
    this.offset = end;
    return 'value';
  }

  private readHelpText(): Token {
    const help = scanHelp(this.source, this.offset);
    this.mode = 'statement';
    this.offset = help.end;
    this.lineNumber += help.lines;
    this.help = help;
    return 'helptext';
  }

  private endOfFile(): Token {
    if (this.previous !== 'eol' && this.previous !== 'helptext') {
      this.warn(this.lineNumber, 'no new line at end of file');
    }
    const parent = this.suspended.pop();
    if (!parent) return 'end';
    this.file = parent.file;
    this.source = parent.source;
    this.offset = parent.offset;
    this.lineNumber = parent.line;
    return 'eol';
  }

  private lineEnd(start = this.offset): number {
    const end = this.source.indexOf('\n', start);
    return end < 0 ? this.source.length : end;
  }

  private warn(line: number, text: string): void {
    const position = { file: this.file, line };
    this.log.say('warning', `${at(position)}:warning: ${text}`, position);
  }

  private failRecursion(name: string, position: Position): never {
    const trace = this.includedFrom();
    const lines = [
      'Recursive inclusion detected.',
      'Inclusion path:',
      `  current file : ${name}`,
      ...trace.map((each) => `  included from: ${at(each)}`),
    ];
    this.log.fault(lines.join('\n'), position, trace);
    throw this.log.error();
  }
}
