/**
 * The library's only error, and the log in which diagnostics gather. A file with three faults gives one
 * error with three lines, as the kernel's own program prints them.
 */

import type { Message, Position } from './ast.js';

/** A line that says what is wrong with the input. */
export interface Diagnostic {
  readonly position?: Position;
  /** The whole line, with its `file:line:`. */
  readonly text: string;
}

/** Why the files could not be read: what a compiler would print, one line a fault. */
export class KconfigError extends Error {
  override readonly name = 'KconfigError';
  /** Of the first fault. */
  readonly position: Position | undefined;

  /**
   * @param diagnostics the faults, in order; at least one
   * @param messages what was said before (warnings, `$(info …)`)
   * @param includedFrom where the file of the first fault was sourced, innermost first
   */
  constructor(
    readonly diagnostics: readonly Diagnostic[],
    readonly messages: readonly Message[] = [],
    readonly includedFrom: readonly Position[] = [],
  ) {
    super(diagnostics.map((each) => each.text).join('\n'));
    this.position = diagnostics[0]?.position;
  }
}

/** Gathers what is said while the files are read. */
export class Log {
  readonly messages: Message[] = [];
  readonly #faults: Diagnostic[] = [];
  #includedFrom: readonly Position[] = [];

  get failed(): boolean {
    return this.#faults.length > 0;
  }

  say(severity: Message['severity'], text: string, position?: Position): void {
    this.messages.push(position ? { severity, position, text } : { severity, text });
  }

  /** @param includedFrom where the file of `position` was sourced; kept for the first fault. */
  fault(text: string, position?: Position, includedFrom: readonly Position[] = []): void {
    if (!this.failed) this.#includedFrom = includedFrom;
    this.#faults.push(position ? { position, text } : { text });
  }

  /** The error for all faults so far. */
  error(): KconfigError {
    return new KconfigError(this.#faults, this.messages, this.#includedFrom);
  }
}

/** `file:line`, as compilers write it. */
export function at({ file, line }: Position): string {
  return `${file}:${String(line)}`;
}
