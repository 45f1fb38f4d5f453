/**
 * Instructions that do the same wherever they are: what a stub can execute in place of the program. An
 * allow-list of encodings, small enough for a kernel: moves, LEA, and arithmetic with registers and
 * constants, without prefixes but REX, and without addresses relative to RIP.
 */

/** `register`: touches registers only; `memory`: may fault. */
export type Plain = 'register' | 'memory';

const ALU_IMMEDIATE_BYTE = new Set([0x80, 0x83, 0xc0, 0xc1]);

/** What it is if it is plain, from its bytes alone. */
export function plainKind(bytes: readonly number[]): Plain | undefined {
  const rex = isRex(bytes[0]) ? 1 : 0;
  const wide = rex === 1 && ((bytes[0] ?? 0) & 8) !== 0;
  const opcode = bytes[rex];
  const rest = bytes.length - rex - 1;
  if (opcode === undefined) return undefined;
  // mov $imm32, %r32 (eight bytes of it with REX.W)
  if (opcode >= 0xb8 && opcode <= 0xbf) return rest === (wide ? 8 : 4) ? 'register' : undefined;
  const modrm = bytes.slice(rex + 1);
  const operand = modrmLength(modrm);
  if (operand === undefined) return undefined;
  const immediate = immediateOf(opcode, modrm[0] ?? 0);
  if (immediate === undefined || operand + immediate !== rest) return undefined;
  if ((modrm[0] ?? 0) >= 0xc0) return opcode === 0x8d ? undefined : 'register';
  // LEA computes an address and does not use it.
  return opcode === 0x8d ? 'register' : 'memory';
}

export function isRex(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x40 && byte <= 0x4f;
}

/** Bytes of the constant behind ModRM; undefined for opcodes that are not on the list. */
function immediateOf(opcode: number, modrm: number): number | undefined {
  const extension = (modrm >> 3) & 7;
  // mov, lea, movslq
  if ([0x89, 0x8b, 0x8d, 0x63].includes(opcode)) return 0;
  // mov $imm32
  if (opcode === 0xc7) return extension === 0 ? 4 : undefined;
  // add, or, and, sub, xor of two operands of 32 or 64 bits; not adc, sbb, cmp
  if (opcode < 0x34 && [1, 3].includes(opcode & 7)) {
    return [0, 1, 4, 5, 6].includes(opcode >> 3) ? 0 : undefined;
  }
  // the same with a constant; shl and shr by one
  if (opcode === 0x81) return [0, 1, 4, 5, 6].includes(extension) ? 4 : undefined;
  if (ALU_IMMEDIATE_BYTE.has(opcode)) {
    const known = opcode >= 0xc0 ? [4, 5] : [0, 1, 4, 5, 6];
    return known.includes(extension) ? 1 : undefined;
  }
  return undefined;
}

/** Of ModRM, SIB and displacement; undefined where it is relative to RIP. */
function modrmLength(bytes: readonly number[]): number | undefined {
  const modrm = bytes[0];
  if (modrm === undefined) return undefined;
  const mod = modrm >> 6;
  const rm = modrm & 7;
  if (mod === 3) return 1;
  if (mod === 0 && rm === 5) return undefined;
  const sib = rm === 4 ? 1 : 0;
  if (mod === 0) return 1 + sib + (sib === 1 && ((bytes[1] ?? 0) & 7) === 5 ? 4 : 0);
  return 1 + sib + (mod === 1 ? 1 : 4);
}
