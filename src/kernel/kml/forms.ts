/** In which form the number of a system call reaches rax, as far as the straight line before it tells. */

import { operands, mnemonic, writesRax, type Instruction } from './instruction.js';
import { plainKind } from './plain.js';
import type { Site } from './sites.js';

/** Forms, in the order in which they are told. */
export const FORMS = {
  mov: 'mov $number, %eax; syscall',
  zero: 'xor %eax, %eax; syscall',
  moves: 'number, register moves; syscall',
  others: 'number, other instructions; syscall',
  register: 'number from a register',
  memory: 'number from memory',
  computed: 'number computed',
  elsewhere: 'number set elsewhere',
} as const;

export type FormName = keyof typeof FORMS;

export interface Form {
  readonly name: FormName;
  /** Where it is a constant. */
  readonly number?: number;
  /** What is executed between the load of the number and SYSCALL. */
  readonly between: readonly Instruction[];
}

/** Looks back from a SYSCALL for what sets rax. */
export function formOf({ before }: Site): Form {
  const index = before.findLastIndex(({ text }) => writesRax(text));
  const writer = before[index];
  if (writer === undefined) return { name: 'elsewhere', between: [] };
  const between = before.slice(index + 1);
  const number = constantOf(writer);
  if (number === undefined) return { name: sourceOf(writer), between };
  if (between.length === 0) return { name: isMov(writer) ? 'mov' : 'zero', number, between };
  const moves = between.every((one) => plainKind(one.bytes) === 'register' && isMove(one));
  return { name: moves ? 'moves' : 'others', number, between };
}

/** `b8 imm32`, or `48 c7 c0 imm32` */
function isMov({ bytes }: Instruction): boolean {
  if (bytes.length === 5) return bytes[0] === 0xb8;
  return bytes.length === 7 && bytes[0] === 0x48 && bytes[1] === 0xc7 && bytes[2] === 0xc0;
}

function isMove({ text }: Instruction): boolean {
  const [from, to] = operands(text);
  return /^(?:mov|movl|movslq|movabs)$/.test(mnemonic(text)) || (/^xor/.test(text) && from === to);
}

/** The number that it loads; signed, as both forms of MOV have it. */
function constantOf(writer: Instruction): number | undefined {
  const { bytes, text } = writer;
  if (isMov(writer)) return Buffer.from(bytes.slice(-4)).readInt32LE();
  const [from, to] = operands(text);
  return /^xor/.test(text) && from === to ? 0 : undefined;
}

function sourceOf({ text }: Instruction): FormName {
  const name = mnemonic(text);
  const from = operands(text)[0] ?? '';
  if (!/^(?:mov|movl|movq|movslq|movabs|cltq)$/.test(name)) return 'computed';
  if (name === 'cltq' || /^%[a-z0-9]+$/.test(from)) return 'register';
  return from.startsWith('$') ? 'computed' : 'memory';
}
