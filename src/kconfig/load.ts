/** The front door of the language: a source tree in, its {@link Ast} out. */

import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Ast } from './ast.js';
import { Log } from './errors.js';
import { Lexer } from './lexer.js';
import { parseEntries } from './parser.js';
import type { Shell } from './preprocess.js';

export interface ParseOptions {
  /** The directory that `source` is relative to. */
  readonly tree: string;
  /** Where to begin; `Kconfig` of the tree otherwise. */
  readonly file?: string;
  /** What `$(NAME)` finds; nothing else of the process's environment is seen. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Runs the commands of `$(shell …)`. */
  readonly shell: Shell;
}

/**
 * Reads all Kconfig files of a tree.
 * @throws KconfigError with every fault found.
 */
export function parseKconfig({ tree, file = 'Kconfig', environment, shell }: ParseOptions): Ast {
  const log = new Log();
  const lexer = new Lexer(file, {
    environment,
    shell,
    log,
    read: (name) => readSource(tree, name),
  });
  const { title, entries } = parseEntries(lexer, log);
  return {
    title: title ?? 'Main menu',
    entries,
    files: [...lexer.files],
    environment: lexer.preprocessor.environment,
    messages: log.messages,
  };
}

function readSource(tree: string, name: string): string | undefined {
  try {
    return readFileSync(isAbsolute(name) ? name : join(tree, name), 'utf8');
  } catch {
    return undefined; // missing, a directory, not readable: the kernel's program tells none apart
  }
}
