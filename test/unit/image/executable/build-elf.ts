/** Makes small ELF files for tests: header, program headers, a dynamic section, its strings. */

export interface ElfRecipe {
  readonly bits?: 32 | 64;
  readonly machine?: number;
  /** 2 executable, 3 shared. */
  readonly type?: number;
  readonly entry?: number;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
  readonly flags1?: number;
}

const GLIBC = '/lib64/ld-linux-x86-64.so.2';

/** A program for glibc. */
export function program(recipe: ElfRecipe = {}): Buffer {
  return buildElf({ type: 3, interpreter: GLIBC, ...recipe });
}

/** A shared library. */
export function library(soname: string, recipe: ElfRecipe = {}): Buffer {
  return buildElf({ type: 3, soname, entry: 0, ...recipe });
}

/** Loaded at address 0x10000, so that addresses and offsets differ. */
const BASE = 0x10000;

export function buildElf(recipe: ElfRecipe): Buffer {
  const headers = 64 + 3 * 56;
  const interpreter = Buffer.from(
    recipe.interpreter === undefined ? '' : `${recipe.interpreter}\0`,
  );
  const strings: Buffer[] = [Buffer.from('\0')];
  let length = 1;
  const string = (text: string): number => {
    strings.push(Buffer.from(`${text}\0`));
    length += Buffer.byteLength(text) + 1;
    return length - Buffer.byteLength(text) - 1;
  };
  const tags: [number, number][] = (recipe.needed ?? []).map((name) => [1, string(name)]);
  if (recipe.soname !== undefined) tags.push([14, string(recipe.soname)]);
  if (recipe.rpath !== undefined) tags.push([15, string(recipe.rpath)]);
  if (recipe.runpath !== undefined) tags.push([29, string(recipe.runpath)]);
  if (recipe.flags1 !== undefined) tags.push([0x6ffffffb, recipe.flags1]);
  const stringsAt = headers + interpreter.length;
  const dynamicAt = stringsAt + length;
  tags.push([5, BASE + stringsAt], [10, length], [0, 0]);
  const dynamic = Buffer.alloc(tags.length * 16);
  tags.forEach(([tag, value], index) => {
    dynamic.writeBigUInt64LE(BigInt(tag), index * 16);
    dynamic.writeBigUInt64LE(BigInt(value), index * 16 + 8);
  });
  const size = dynamicAt + dynamic.length;
  const head = Buffer.alloc(headers);
  head.write('\x7fELF', 'latin1');
  head.set([recipe.bits === 32 ? 1 : 2, 1, 1], 4);
  head.writeUInt16LE(recipe.type ?? 3, 16);
  head.writeUInt16LE(recipe.machine ?? 62, 18);
  head.writeBigUInt64LE(BigInt(recipe.entry ?? BASE), 24);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(3, 56);
  const segment = (index: number, type: number, offset: number, bytes: number) => {
    const at = 64 + index * 56;
    head.writeUInt32LE(type, at);
    head.writeBigUInt64LE(BigInt(offset), at + 8);
    head.writeBigUInt64LE(BigInt(BASE + offset), at + 16);
    head.writeBigUInt64LE(BigInt(bytes), at + 32);
  };
  segment(0, 1, 0, size);
  segment(1, tags.length > 3 ? 2 : 0, dynamicAt, dynamic.length);
  segment(2, recipe.interpreter === undefined ? 0 : 3, headers, interpreter.length);
  return Buffer.concat([head, interpreter, ...strings, dynamic]);
}
