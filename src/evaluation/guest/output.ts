/** What the guest's benchmark programs print (guest/bench/bench.h), as figures. */

import { LupineError } from '../../support/errors.js';

export interface GuestFigure {
  readonly name: string;
  readonly x: number;
  readonly count: number;
  /** Of the time stamp counter: instructions, where these are counted. */
  readonly ticks: number;
  /** Of the kernel's monotonic clock. */
  readonly nanoseconds: number;
}

export interface GuestOutput {
  readonly figures: readonly GuestFigure[];
  /** Numbers of things, by name. */
  readonly counts: ReadonlyMap<string, number>;
  /** What the kernel cannot do, by the names of figures. */
  readonly lacks: readonly string[];
  /** What each step's command printed, by the step's name. */
  readonly steps: ReadonlyMap<string, string>;
}

/**
 * Reads a serial console.
 * @throws LupineError when the program did not come to its end, with the reason it or the kernel gave.
 */
export function parseGuestOutput(console: string): GuestOutput {
  const figures: GuestFigure[] = [];
  const lacks: string[] = [];
  const counts = new Map<string, number>();
  const steps = new Map<string, string>();
  let step: string | undefined;
  let printed = '';
  let ended = false;
  for (const line of linesOf(console)) {
    const [mark, kind, ...words] = line.split(' ');
    if (mark !== 'bench:') {
      if (step !== undefined) steps.set(step, `${steps.get(step) ?? ''}${line}\n`);
      if (line.trim() !== '') printed = line.trim();
      continue;
    }
    const [name = '', ...numbers] = words;
    step = kind === 'step' ? name : undefined;
    if (kind === 'figure') figures.push(figureOf(name, numbers));
    if (kind === 'lacks') lacks.push(name);
    if (kind === 'count') counts.set(name, Number(numbers[0]));
    if (kind === 'failed') {
      // What a command printed last is mostly why it failed.
      const where = [words.join(' '), printed].filter((text) => text !== '').join(': ');
      throw new LupineError('the benchmark failed in the guest', { where });
    }
    if (kind === 'end') ended = true;
  }
  if (ended) return { figures, counts, lacks, steps };
  throw new LupineError('the guest did not come to its end', { where: lastWords(console) });
}

function figureOf(name: string, words: readonly string[]): GuestFigure {
  const [x, count, ticks, nanoseconds, ...more] = words.map(Number);
  const figure = { name, x, count, ticks, nanoseconds };
  if (more.length === 0 && isFigure(figure)) return figure;
  throw new LupineError('a figure of the guest was garbled', { where: [name, ...words].join(' ') });
}

function isFigure(figure: { [key in keyof GuestFigure]: unknown }): figure is GuestFigure {
  const numbers = [figure.x, figure.count, figure.ticks, figure.nanoseconds];
  return numbers.every(Number.isSafeInteger) && figure.count !== 0;
}

function linesOf(console: string): string[] {
  return console.split(/\r*\n/);
}

/** Why a guest ended: the panic, or the last line. */
function lastWords(console: string): string {
  const lines = linesOf(console).filter((line) => line.trim() !== '');
  const panic = lines.find((line) => line.includes('Kernel panic'));
  return (panic ?? lines.at(-1) ?? 'it said nothing').trim().slice(0, 200);
}
