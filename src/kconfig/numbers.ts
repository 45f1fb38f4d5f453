/**
 * Numbers as the kernel's programs read them from strings: C's strtoll, whole 64 bits, with its
 * leniency. Values that fit are plain numbers; nothing here rounds.
 */

import type { SymbolType } from './model.js';

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
const UNSIGNED = 2n ** 64n;

/** Whether a value written by hand is acceptable for a symbol of that type. */
export function isNumber(type: SymbolType, text: string): boolean {
  switch (type) {
    case 'string':
      return true;
    case 'int':
      return /^-?(?:0|[1-9][0-9]*)$/.test(text);
    case 'hex':
      return /^(?:0[xX])?[0-9a-fA-F]+$/.test(text);
    case 'bool':
    case 'tristate':
      return /^[yYmMnN]/.test(text);
    default:
      return false;
  }
}

interface Scanned {
  readonly value: bigint;
  /** Everything was read, and it fitted. */
  readonly whole: boolean;
}

function digitsOf(text: string, base: 0 | 10 | 16): { base: number; digits: string; end: number } {
  const rest = text.replace(/^[ \t\n\v\f\r]*[+-]?/, '');
  const lead = text.length - rest.length;
  const prefixed = base !== 10 && /^0[xX][0-9a-fA-F]/.test(rest);
  const real = prefixed || base === 16 ? 16 : base === 0 && rest.startsWith('0') ? 8 : 10;
  const from = prefixed ? 2 : 0;
  const pattern = real === 16 ? /^[0-9a-fA-F]+/ : real === 8 ? /^[0-7]+/ : /^[0-9]+/;
  const digits = pattern.exec(rest.slice(from))?.[0] ?? '';
  return { base: real, digits, end: digits === '' ? 0 : lead + from + digits.length };
}

function magnitude(digits: string, base: number): bigint {
  if (digits === '') return 0n;
  return BigInt((base === 16 ? '0x' : base === 8 ? '0o' : '') + digits);
}

function scan(text: string, base: 0 | 10 | 16, unsigned: boolean): Scanned {
  const { base: real, digits, end } = digitsOf(text, base);
  const size = magnitude(digits, real);
  const negative = /^[ \t\n\v\f\r]*-/.test(text);
  const complete = end > 0 && end === text.length;
  if (unsigned) {
    if (size >= UNSIGNED) return { value: UNSIGNED - 1n, whole: false };
    return { value: negative ? (UNSIGNED - size) % UNSIGNED : size, whole: complete };
  }
  const value = negative ? -size : size;
  if (value > MAX) return { value: MAX, whole: false };
  if (value < MIN) return { value: MIN, whole: false };
  return { value, whole: complete };
}

const PLAIN = /^(?:0|[1-9][0-9]{0,14})$/;

/** The number a text begins with, 0 if none: what ranges are compared by. */
export function leadingNumber(text: string, type: 'int' | 'hex'): bigint {
  return scan(text, type === 'int' ? 10 : 16, false).value;
}

/** How two values compare: negative, 0 or positive. */
export function compareValues(
  left: string,
  leftType: SymbolType,
  right: string,
  rightType: SymbolType,
): number {
  if (leftType === 'string' && rightType === 'string') return compareText(left, right);
  if (leftType !== 'hex' && rightType !== 'hex' && PLAIN.test(left) && PLAIN.test(right)) {
    if (!isLogical(leftType) && !isLogical(rightType)) return Number(left) - Number(right);
  }
  const one = parse(left, leftType);
  const other = parse(right, rightType);
  if (one === undefined || other === undefined) return compareText(left, right);
  const unsigned = leftType === 'hex' || rightType === 'hex';
  const a = unsigned ? BigInt.asUintN(64, one) : one;
  const b = unsigned ? BigInt.asUintN(64, other) : other;
  return a < b ? -1 : a > b ? 1 : 0;
}

function isLogical(type: SymbolType): boolean {
  return type === 'bool' || type === 'tristate';
}

function parse(text: string, type: SymbolType): bigint | undefined {
  if (isLogical(type)) {
    return text === 'n' ? 0n : text === 'm' ? 1n : text === 'y' ? 2n : -1n;
  }
  const { value, whole } = scan(
    text,
    type === 'int' ? 10 : type === 'hex' ? 16 : 0,
    type === 'hex',
  );
  return whole ? value : undefined;
}

/** As C compares strings, byte by byte. */
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
