/**
 * One line of `objdump -d -w` as an instruction, and the little that is to be known of what it does: whether
 * it leads elsewhere, and whether it writes the register of a system call's number. Foreign input: whatever
 * a line is, the outcome is an instruction or undefined.
 */

export interface Instruction {
  readonly address: number;
  readonly bytes: readonly number[];
  /** AT&T syntax without the comment behind it, e.g. `mov $0x1,%eax`. */
  readonly text: string;
}

/** No x86 instruction is longer; objdump shows no more bytes either. */
export const MAX_INSTRUCTION = 15;

/** What is behind is the name of a function. */
const MAX_LINE = 512;
const LINE = /^ *([0-9a-f]{1,13}):\t((?:[0-9a-f]{2} ){1,15}) *(?:\t(.*))?$/;

/** Undefined for headings, labels, `...` and whatever else is no instruction. */
export function parseInstruction(line: string): Instruction | undefined {
  const found = LINE.exec(line.slice(0, MAX_LINE));
  if (found?.[1] === undefined || found[2] === undefined) return undefined;
  const bytes = found[2].trimEnd().split(' ');
  const text = (found[3] ?? '').replace(/ +#.*$/, '').trimEnd();
  return {
    address: parseInt(found[1], 16),
    bytes: bytes.map((byte) => parseInt(byte, 16)),
    text: text.replace(/ +/g, ' '),
  };
}

const PREFIXES = /^(?:(?:lock|rep|repz|repnz|bnd|notrack|data16|addr32|cs|ds|es|ss|rex\S*) )+/;

/** Without prefixes, e.g. `mov`; empty where there is none. */
export function mnemonic(text: string): string {
  return /^\S*/.exec(text.replace(PREFIXES, ''))?.[0] ?? '';
}

/** Jumps, calls and returns, and what traps: what is before and behind need not follow each other. */
export function leavesLine(text: string): boolean {
  return /^(?:j|call|ret|iret|sysret|sysexit|sysenter|loop|ud[0-9]|hlt|int|xbegin|xabort|syscall|\(bad\)|\.byte)/.test(
    mnemonic(text),
  );
}

/** What is never followed by the instruction behind it. */
export function neverFalls(text: string): boolean {
  return /^(?:jmp|ret|hlt|ud[0-9])/.test(mnemonic(text));
}

/** Fillers between functions; those with prefixes too. */
export function isPadding(text: string): boolean {
  return /^(?:(?:data16|cs|ds|es) +)*(?:nop[wlq]?|int3|xchg +%ax,%ax)(?: |$)/.test(text);
}

/** The operands, in AT&T order: the last is the one written. */
export function operands(text: string): readonly string[] {
  const rest = text.replace(PREFIXES, '').replace(/^\S* ?/, '');
  return rest === '' ? [] : (rest.match(/(?:\([^)]*\)|[^,(])+/g) ?? []);
}

const RAX = /^%(?:rax|eax|ax|al|ah)$/;
/** They write rax, and do not say so. */
const IMPLICIT =
  /^(?:cltq|cwtl|cbtw|mul[bwlq]?|i?div[bwlq]?|cmpxchg\S*|cpuid|rdtscp?|rdmsr|rdpmc|xgetbv|lods|lahf)$/;
/** Their last operand is only read. */
const READERS = /^(?:cmp|test|push|nop|bt|jmp|call|ucomi|comi|prefetch)/;
/** Two-operand multiplications write the last operand only. */
const MULTIPLY = /^imul[bwlq]?$/;

/** Does it write rax, or a part of it? */
export function writesRax(text: string): boolean {
  const name = mnemonic(text);
  const all = operands(text);
  if (IMPLICIT.test(name) && !(name.startsWith('cmpxchg') && all.length === 0)) return true;
  if (MULTIPLY.test(name) && all.length === 1) return true;
  if (name.startsWith('xchg') || name === 'xadd') return all.some((one) => RAX.test(one));
  if (READERS.test(name) && !name.startsWith('bts')) return false;
  return RAX.test(all.at(-1) ?? '');
}
