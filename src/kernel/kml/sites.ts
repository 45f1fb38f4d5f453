/**
 * Finds the SYSCALL instructions in a disassembly that comes line by line, with the straight line of
 * instructions before each, and the padding in reach of a short jump. Memory grows with the number of
 * places where the bytes of SYSCALL are, not with the text.
 *
 * The disassembly is a linear sweep: data between functions can put it out of step for some bytes.
 */

import {
  isPadding,
  leavesLine,
  neverFalls,
  parseInstruction,
  type Instruction,
} from './instruction.js';

/** A SYSCALL instruction. */
export interface Site {
  readonly address: number;
  /** The label before it and the distance from that: absent where there is no label. */
  readonly symbol?: { readonly name: string; readonly offset: number };
  /** What is executed before it, oldest first: back to a label, a jump, or as far as is looked. */
  readonly before: readonly Instruction[];
  /** Padding in reach of a jump of two bytes before the SYSCALL: never executed. */
  readonly padding: readonly Padding[];
}

export interface Padding {
  readonly address: number;
  readonly length: number;
}

/** So many instructions are looked at. */
const LOOK_BACK = 16;
/** Padding is kept when it lies in a cell of this size near a candidate. */
const CELL = 256;
/** From behind a jump of two bytes. */
export const SHORT_REACH = { back: 128, ahead: 127 } as const;

const LABEL = /^[0-9a-f]{1,16} <(.*)>:$/;

type Found = Omit<Site, 'padding'>;

export class SiteFinder {
  readonly #cells = new Set<number>();
  readonly #candidates: ReadonlySet<number>;
  readonly #found: Found[] = [];
  readonly #padding: Padding[] = [];
  /** Raw lines: most are never looked at again. */
  #recent: string[] = [];
  #label: { readonly name: string; address?: number } | undefined;
  #dead = false;
  #pad: { address: number; length: number } | undefined;

  /** @param candidates where bytes of SYSCALL are. */
  constructor(candidates: readonly number[]) {
    this.#candidates = new Set(candidates);
    for (const address of candidates) {
      const cell = Math.floor(address / CELL);
      for (let near = cell - 1; near <= cell + 1; near++) this.#cells.add(near);
    }
  }

  /** Takes one line of `objdump -d -w`. */
  line(line: string): void {
    const colon = line.indexOf(':\t');
    if (colon === -1) {
      this.#otherLine(line);
      return;
    }
    if (this.#label !== undefined && this.#label.address === undefined) {
      this.#label.address = parseInt(line.slice(0, colon), 16);
    }
    const tab = line.indexOf('\t', colon + 2);
    const text = tab === -1 ? '' : line.slice(tab + 1);
    this.#notePadding(line, text);
    if (text.startsWith('syscall')) this.#noteSite(line);
    this.#recent.push(line);
    if (this.#recent.length > 4 * LOOK_BACK) this.#recent = this.#recent.slice(-LOOK_BACK);
  }

  /** All of them, in the order of the text. */
  sites(): readonly Site[] {
    this.#endPadding();
    return this.#found.map((found) => ({
      ...found,
      padding: this.#padding.filter(
        ({ address }) =>
          address >= found.address - SHORT_REACH.back &&
          address <= found.address + SHORT_REACH.ahead,
      ),
    }));
  }

  #otherLine(line: string): void {
    const name = LABEL.exec(line)?.[1];
    if (name !== undefined) this.#label = { name };
    if (line === '') return;
    this.#recent = [];
    this.#endPadding();
    this.#dead = false;
  }

  #noteSite(line: string): void {
    const syscall = parseInstruction(line);
    if (syscall === undefined || !this.#candidates.has(syscall.address)) return;
    const symbol =
      this.#label?.address === undefined
        ? {}
        : {
            symbol: {
              name: this.#label.name,
              offset: syscall.address - this.#label.address,
            },
          };
    this.#found.push({ address: syscall.address, ...symbol, before: this.#straight(syscall) });
  }

  /** The instructions before, each of which is followed by the next. */
  #straight(syscall: Instruction): readonly Instruction[] {
    const before: Instruction[] = [];
    let next = syscall.address;
    for (const line of this.#recent.slice(-LOOK_BACK).reverse()) {
      const one = parseInstruction(line);
      if (one === undefined || one.address + one.bytes.length !== next) break;
      if (leavesLine(one.text)) break;
      before.unshift(one);
      next = one.address;
    }
    return before;
  }

  /** Padding is what lies behind a jump or return and does nothing. */
  #notePadding(line: string, text: string): void {
    if (this.#dead && isPadding(text)) {
      const one = parseInstruction(line);
      if (one === undefined) return;
      this.#pad ??= { address: one.address, length: 0 };
      this.#pad.length += one.bytes.length;
      return;
    }
    this.#endPadding();
    this.#dead = neverFalls(text);
  }

  #endPadding(): void {
    const pad = this.#pad;
    this.#pad = undefined;
    if (pad !== undefined && this.#cells.has(Math.floor(pad.address / CELL))) {
      this.#padding.push(pad);
    }
  }
}
