/**
 * The one error type that users see. It says what went wrong, where, and what to do about it;
 * everything else that is thrown is a bug of ours and is shown with its stack.
 */

export interface ErrorDetails {
  /** Where: a file, a reference, a command, `file:line`. */
  readonly where?: string;
  /** What the user can do: a sentence, or the command to type. */
  readonly fix?: string;
  /** Exit status of the command line, where it is not the command's usual one for a failure. */
  readonly exitCode?: number;
  readonly cause?: unknown;
}

export class LupineError extends Error {
  override readonly name = 'LupineError';
  readonly where: string | undefined;
  readonly fix: string | undefined;
  readonly exitCode: number | undefined;

  /** @param what one clause without a full stop, e.g. `no such image`. */
  constructor(what: string, details: ErrorDetails = {}) {
    super(what, details.cause === undefined ? undefined : { cause: details.cause });
    this.where = details.where;
    this.fix = details.fix;
    this.exitCode = details.exitCode;
  }

  /** The line a user reads: `what: where (fix)`. Control characters of foreign input are made visible. */
  get line(): string {
    const where = this.where === undefined ? '' : `: ${this.where}`;
    const fix = this.fix === undefined ? '' : ` — ${this.fix}`;
    return printable(`${this.message}${where}${fix}`);
  }
}

/** Replaces control characters, so that text of an image cannot drive the user's terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, (c) => {
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** True for a Node.js system error with this code, e.g. `ENOENT`. */
export function isSystemError(error: unknown, code?: string): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && (code === undefined || error.code === code);
}
