/** The front door of the language: a source tree in, its {@link Ast} out. */

import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Ast } from './ast.js';
import { Log } from './errors.js';
import { Lexer } from './lexer.js';
import { parseEntries } from './parser.js';
import {
  kernelEnvironment,
  toolEnvironment,
  type Environment,
  type KernelEnvironmentOptions,
} from './kernel-environment.js';
import { rememberedShell, systemShell } from './probes.js';
import type { Shell } from './preprocess.js';

export interface ParseOptions {
  /** The directory that `source` is relative to. */
  readonly tree: string;
  /** Where to begin; `Kconfig` of the tree otherwise. */
  readonly file?: string;
  /** What `$(NAME)` finds; nothing else of the process's environment is seen. */
  readonly environment: Environment;
  /** Runs the commands of `$(shell …)`. */
  readonly shell: Shell;
  /** Called before each file that is opened, with its name as `source` has it. */
  readonly opening?: (name: string) => void;
}

/**
 * Reads all Kconfig files of a tree.
 * @throws KconfigError with every fault found.
 */
export function parseKconfig(options: ParseOptions): Ast {
  const { tree, file = 'Kconfig', environment, shell, opening } = options;
  const log = new Log();
  const lexer = new Lexer(file, {
    environment,
    shell,
    log,
    read: (name) => {
      opening?.(name);
      return readSource(tree, name);
    },
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

export interface KernelOptions extends KernelEnvironmentOptions {
  readonly tree: string;
  /** The directory where answers of the toolchain are remembered; without it, each load asks anew. */
  readonly cache?: string;
}

/**
 * How to parse a Linux tree as its own makefiles would: its Kconfig files see the same environment, and
 * ask the same toolchain.
 * @throws KconfigError where `tree` is no kernel tree.
 */
export function kernelParseOptions({ tree, cache, ...options }: KernelOptions): ParseOptions {
  const tools = toolEnvironment(tree, options);
  const asking = systemShell(tools);
  const shell =
    cache === undefined
      ? asking
      : rememberedShell({
          directory: cache,
          tree: tools['srctree'] ?? tree,
          environment: tools,
          shell: asking,
        });
  return { tree, environment: kernelEnvironment(tools, shell), shell };
}

/** The text of a file by its name in `source`; undefined where there is none. */
export function readSource(tree: string, name: string): string | undefined {
  try {
    return readFileSync(pathOf(tree, name), 'utf8');
  } catch {
    return undefined; // missing, a directory, not readable: the kernel's program tells none apart
  }
}

/** Where the file is that `source` calls `name`. */
export function pathOf(tree: string, name: string): string {
  return isAbsolute(name) ? name : join(tree, name);
}
