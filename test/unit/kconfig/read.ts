/** Kconfig text to what the parser makes of it, without a disk or a process. */

import { KconfigError, Log } from '../../../src/kconfig/errors.js';
import { Lexer } from '../../../src/kconfig/lexer.js';
import { parseEntries, type ParsedFile } from '../../../src/kconfig/parser.js';

export interface Surroundings {
  /** Other files, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Answers commands; the command itself otherwise. */
  readonly shell?: (command: string) => string;
}

export interface Reading extends ParsedFile {
  readonly messages: readonly string[];
}

/** @throws KconfigError */
export function read(text: string, surroundings: Surroundings = {}): Reading {
  const log = new Log();
  const files = new Map(Object.entries({ ...surroundings.files, Kconfig: text }));
  const lexer = new Lexer('Kconfig', {
    environment: surroundings.environment ?? {},
    shell: surroundings.shell ?? ((command) => command),
    read: (name) => files.get(name),
    log,
  });
  const parsed = parseEntries(lexer, log);
  return { ...parsed, messages: log.messages.map((message) => message.text) };
}

/** The lines of the error that reading ends with. */
export function faults(text: string, surroundings: Surroundings = {}): string[] {
  try {
    read(text, surroundings);
  } catch (error) {
    if (error instanceof KconfigError) return error.message.split('\n');
    throw error;
  }
  throw new Error('there was no error');
}
