/**
 * Which text before a SYSCALL the kernel's patcher replaces by a jump: the rule it has (`kml_find_site` of
 * linux/<line>/kml), and rules that it could have, each with what it would add. A rule that the kernel learns
 * is marked `taken`.
 *
 * Every rule leaves the SYSCALL where it is, and copies what the jump replaces to the stub.
 */

import type { Form } from './forms.js';
import { PAGE } from './image.js';
import type { Instruction } from './instruction.js';
import { plainKind } from './plain.js';
import { SHORT_REACH, type Padding, type Site } from './sites.js';

/** Where a jump would be written. */
export interface Patch {
  readonly start: number;
  /** Of the jump. */
  readonly length: number;
}

/** A patch, or why there is none. */
export type Outcome = Patch | { readonly refused: Refusal };

export const REFUSALS = {
  form: 'another form',
  sigreturn: 'rt_sigreturn',
  pages: 'on two pages',
  ambiguous: 'may belong to a longer instruction',
  padding: 'no padding in reach',
} as const;

export type Refusal = keyof typeof REFUSALS;

export interface Rule {
  readonly name: string;
  /** What it replaces. */
  readonly title: string;
  /** The kernel has it. */
  readonly taken: boolean;
  /** All but whether an instruction begins there, which is asked for many at once. */
  readonly apply: (site: Site, form: Form) => Outcome;
}

const JUMP = 5;
const SHORT_JUMP = 2;
const SIGRETURN = 15;
/** Bytes of a jump that may be such that no instruction begins with them. */
const HOLES: ReadonlySet<number> = new Set([3, 4]);
/** Bytes of the program that a stub may hold. */
const STUB_COPY = 24;

/** In the order in which they are tried. */
export const RULES: readonly Rule[] = [
  {
    name: 'one',
    title: 'one plain instruction of five bytes or more, only plain ones behind it',
    taken: true,
    // What is behind stays, for whoever jumps there.
    apply: ({ before }, form) => {
      const wide = plainBefore(before).filter(({ bytes }) => bytes.length >= JUMP);
      const place = wide.findLast(({ address }) => onOnePage(address, JUMP)) ?? wide.at(-1);
      return place === undefined ? { refused: 'form' } : jumpAt(place, form);
    },
  },
  {
    name: 'two',
    title: 'two plain instructions, the second from the fourth or fifth byte on',
    taken: true,
    // A task that comes to the second is led to its copy in the stub.
    apply: ({ before }, form) => {
      const plain = plainBefore(before);
      const pairs = plain.filter((one, at) => at + 1 < plain.length && HOLES.has(one.bytes.length));
      const place = pairs.findLast(({ address }) => onOnePage(address, JUMP)) ?? pairs.at(-1);
      return place === undefined ? { refused: 'form' } : jumpAt(place, form);
    },
  },
  {
    name: 'short',
    title: 'one plain instruction, by a jump of two bytes to padding in reach',
    taken: false,
    apply: (site, form) => {
      const [last] = site.before.slice(-1);
      if (last === undefined || last.bytes.length < SHORT_JUMP) return { refused: 'form' };
      if (plainKind(last.bytes) === undefined) return { refused: 'form' };
      if (!site.padding.some((padding) => reaches(last.address, padding))) {
        return { refused: 'padding' };
      }
      return jumpAt(last, form, SHORT_JUMP);
    },
  },
];

function jumpAt({ address }: Instruction, { number }: Form, length = JUMP): Outcome {
  // Unwinders know the return from a signal handler by its bytes.
  if (number === SIGRETURN) return { refused: 'sigreturn' };
  return onOnePage(address, length) ? { start: address, length } : { refused: 'pages' };
}

function onOnePage(address: number, length: number): boolean {
  return Math.floor(address / PAGE) === Math.floor((address + length - 1) / PAGE);
}

/** The plain instructions just before, as many as fit into a stub. */
function plainBefore(before: readonly Instruction[]): readonly Instruction[] {
  let bytes = 0;
  const other = before.findLastIndex((one) => {
    bytes += one.bytes.length;
    return bytes > STUB_COPY || plainKind(one.bytes) === undefined;
  });
  return before.slice(other + 1);
}

function reaches(from: number, { address, length }: Padding): boolean {
  const distance = address - (from + SHORT_JUMP);
  return length >= JUMP && distance >= -SHORT_REACH.back && distance <= SHORT_REACH.ahead;
}
