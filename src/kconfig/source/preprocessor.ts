/**
 * The `#if` blocks of a C file, as conditions on options. Understands `#ifdef CONFIG_X`, `defined(…)`,
 * `IS_ENABLED(…)` and its kin, `!`, `&&`, `||` and parentheses; anything else is unknown.
 */

import { all, always, any, not, option, unknown } from './condition.js';
import type { Condition } from './condition.js';

/** One line of conditional compilation, continuations joined. */
const directive = /^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b((?:\\\r?\n|.)*)/gm;

interface Block {
  /** What holds in the branch that is open. */
  readonly branch: Condition;
  /** That no branch before it was taken. */
  readonly remaining: Condition;
}

/** What the `#if` blocks around a place ask for. @param offset into the text, in UTF-16 units. */
export function conditionAt(text: string, offset: number): Condition {
  const blocks: Block[] = [];
  for (const match of text.slice(0, offset).matchAll(directive)) {
    const [, word = '', rest = ''] = match;
    if (word === 'if') blocks.push(opened(parseTest(rest)));
    else if (word === 'ifdef') blocks.push(opened(defined(rest)));
    else if (word === 'ifndef') blocks.push(opened(not(defined(rest))));
    else {
      const block = blocks.pop();
      if (block !== undefined && word !== 'endif') {
        blocks.push(next(block, word === 'elif' ? parseTest(rest) : always));
      }
    }
  }
  return all(...blocks.map(({ branch }) => branch));
}

function opened(test: Condition): Block {
  return { branch: test, remaining: not(test) };
}

function next({ remaining }: Block, test: Condition): Block {
  return { branch: all(remaining, test), remaining: all(remaining, not(test)) };
}

function defined(rest: string): Condition {
  return named(/^\s*(\w+)/.exec(rest)?.[1] ?? '');
}

/** A macro that the configuration defines; `CONFIG_X_MODULE` is there where X is a module. */
function named(macro: string): Condition {
  const name = /^CONFIG_(\w+?)(?:_MODULE)?$/.exec(macro)?.[1];
  return name === undefined ? unknown : option(name);
}

/** The expression of an `#if`. */
export function parseTest(text: string): Condition {
  const plain = text.replace(/\\\r?\n/g, ' ').replace(/\/\*.*?\*\/|\/[/*].*$/gs, ' ');
  const tokens = plain.match(/&&|\|\||\w+|[()!]|[^\s\w]/g) ?? [];
  return new Test(tokens).whole();
}

class Test {
  #next = 0;
  readonly #tokens: readonly string[];

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  whole(): Condition {
    const value = this.#or();
    return this.#next === this.#tokens.length ? value : unknown;
  }

  #or(): Condition {
    const parts = [this.#and()];
    while (this.#take('||')) parts.push(this.#and());
    return any(...parts);
  }

  #and(): Condition {
    const parts = [this.#term()];
    while (this.#take('&&')) parts.push(this.#term());
    return all(...parts);
  }

  #term(): Condition {
    if (this.#take('!')) return not(this.#term());
    if (this.#take('(')) {
      const inner = this.#or();
      return this.#take(')') ? inner : unknown;
    }
    const word = this.#tokens[this.#next] ?? '';
    this.#next += 1;
    if (word === 'defined' || /^IS_(?:ENABLED|BUILTIN|REACHABLE)$/.test(word)) {
      return this.#argument();
    }
    const plain = named(word);
    // A comparison, a call: nothing of it is known, up to where the logic goes on.
    return this.#skipOperand() ? unknown : plain;
  }

  #argument(): Condition {
    const parenthesised = this.#take('(');
    const name = this.#tokens[this.#next] ?? '';
    this.#next += 1;
    return parenthesised && !this.#take(')') ? unknown : named(name);
  }

  /** Goes on to the next `&&`, `||` or closing parenthesis; true where something lay between. */
  #skipOperand(): boolean {
    const start = this.#next;
    for (let depth = 0; this.#next < this.#tokens.length; this.#next += 1) {
      const token = this.#tokens[this.#next] ?? '';
      if (depth === 0 && (token === '&&' || token === '||' || token === ')')) break;
      if (token === '(') depth += 1;
      else if (token === ')') depth -= 1;
    }
    return this.#next > start;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false;
    this.#next += 1;
    return true;
  }
}
