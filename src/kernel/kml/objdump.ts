/** Runs `objdump`, whose output may be gigabytes, and hands it on line by line. */

import { spawn } from 'node:child_process';
import { LupineError, isSystemError } from '../../support/errors.js';
import { lastWords } from '../../support/process.js';

/** The longest name of a C++ function that was ever seen is far shorter. */
const MAX_LINE = 1 << 20;
const MAX_WORDS = 4096;

/**
 * Runs it to its end.
 * @throws LupineError when it is missing or fails; what `onLine` throws; the signal's reason when aborted.
 */
export async function objdump(
  args: readonly string[],
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  // Its headings are translated otherwise.
  const child = spawn('objdump', args, {
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // Awaited below; meanwhile a failure to start must not count as unhandled.
  ended.catch(() => undefined);
  const abort = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', abort);
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-MAX_WORDS);
  });
  try {
    const lines = new Lines(onLine);
    child.stdout.setEncoding('latin1');
    for await (const text of child.stdout) lines.push(String(text));
    lines.end();
    const status = await ended;
    signal?.throwIfAborted();
    if (status !== 0) throw new LupineError('objdump failed', { where: lastWords(words) });
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    throw missing();
  } finally {
    signal?.removeEventListener('abort', abort);
    abort();
  }
}

function missing(): LupineError {
  return new LupineError('a program is missing', {
    where: 'objdump',
    fix: 'apt-get install binutils',
  });
}

/** Text in pieces as lines. */
export class Lines {
  #rest = '';
  readonly #onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** @throws LupineError when a line has no end. */
  push(piece: string): void {
    const text = this.#rest + piece;
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#onLine(text.slice(start, end));
      start = end + 1;
    }
    this.#rest = text.slice(start);
    if (this.#rest.length > MAX_LINE) {
      throw new LupineError('a line of objdump does not end', { where: this.#rest.slice(0, 80) });
    }
  }

  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }
}
