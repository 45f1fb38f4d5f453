/**
 * Reads what a loader reads of an ELF file: what it is, its interpreter, and its dynamic section.
 * The file is foreign input: every offset, size and count is checked, reads are small, and whatever
 * the bytes are the outcome is a value or a `LupineError`. Only 64-bit little-endian files are read
 * beyond their identity, for Lupine's guests are x86-64.
 *
 * Source: System V ABI, "Object Files" and "Program Loading and Dynamic Linking"; elf(5).
 */

import { LupineError } from '../../support/errors.js';

/** Random access to bytes; `read` gives fewer than asked for only at the end. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  read(offset: number, length: number): Buffer;
}

/** The part of the header that is the same in every ELF file. */
export interface ElfIdentity {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  /** `e_type`: 1 relocatable, 2 executable, 3 shared or position-independent, 4 core. */
  readonly type: number;
  /** `e_machine`. */
  readonly machine: number;
}

export interface ElfFile extends ElfIdentity {
  readonly entry: number;
  /** Text of PT_INTERP: absent in static programs and most libraries. */
  readonly interpreter?: string;
  /** DT_NEEDED in order. */
  readonly needed: readonly string[];
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
  /** DF_1_NODEFLIB: default directories are not searched. */
  readonly noDefaultLibraries: boolean;
  /** DF_1_PIE: a position-independent program, not a library. */
  readonly pie: boolean;
}

export const ET_EXEC = 2;
export const ET_DYN = 3;
export const EM_X86_64 = 62;

const MACHINES: Readonly<Record<number, string>> = {
  2: 'SPARC',
  3: 'x86 (32-bit)',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC64',
  22: 'S/390',
  40: 'ARM (32-bit)',
  62: 'x86-64',
  183: 'ARM64',
  243: 'RISC-V',
  258: 'LoongArch',
};
const TYPES: Readonly<Record<number, string>> = {
  1: 'object file',
  2: 'program',
  3: 'program or library',
  4: 'core dump',
};

const IDENT_BYTES = 20;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const MAX_PROGRAM_HEADERS = 1024;
const MAX_DYNAMIC_BYTES = 1 << 20;
const MAX_STRING = 4096;
const MAX_NEEDED = 1024;

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;

const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_STRSZ = 10;
const DT_SONAME = 14;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
const DT_FLAGS_1 = 0x6ffffffb;
const DF_1_NODEFLIB = 0x800;
const DF_1_PIE = 0x8000000;

/** Undefined when the bytes are no ELF file, or too few to tell. */
export function readIdentity(source: ByteSource): ElfIdentity | undefined {
  const head = source.read(0, IDENT_BYTES);
  if (head.length < IDENT_BYTES || head.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const littleEndian = head[5] !== 2;
  const half = (at: number) => (littleEndian ? head.readUInt16LE(at) : head.readUInt16BE(at));
  return { bits: head[4] === 1 ? 32 : 64, littleEndian, type: half(16), machine: half(18) };
}

/** In a user's words: `64-bit ARM64 program`. */
export function describeIdentity(identity: ElfIdentity): string {
  const machine = MACHINES[identity.machine] ?? `machine ${identity.machine}`;
  const kind = TYPES[identity.type] ?? `file of type ${identity.type}`;
  const order = identity.littleEndian ? '' : ', big-endian';
  return `a ${identity.bits}-bit ${machine} ${kind}${order}`;
}

/** True for what an x86-64 kernel and its loader accept: 64-bit, little-endian, executable or shared. */
export function isNative(identity: ElfIdentity): boolean {
  return (
    identity.bits === 64 &&
    identity.littleEndian &&
    identity.machine === EM_X86_64 &&
    (identity.type === ET_EXEC || identity.type === ET_DYN)
  );
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/**
 * Reads an x86-64 program or library.
 * @throws LupineError when it is another kind of file, truncated, or contradicts itself.
 */
export function readElf(source: ByteSource): ElfFile {
  const identity = readIdentity(source);
  if (identity === undefined) throw malformed(source, 'it is not an ELF file');
  if (!isNative(identity)) {
    throw new LupineError(`not an x86-64 program or library but ${describeIdentity(identity)}`, {
      where: source.name,
    });
  }
  const header = exactly(source, 0, HEADER_BYTES, 'the header');
  const segments = readSegments(source, header);
  const interpreter = segments.find((segment) => segment.type === PT_INTERP);
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  return {
    ...identity,
    entry: word(source, header, 24),
    ...(interpreter === undefined ? {} : { interpreter: readInterpreter(source, interpreter) }),
    ...readDynamic(source, dynamic, segments),
  };
}

function readSegments(source: ByteSource, header: Buffer): readonly Segment[] {
  const count = header.readUInt16LE(56);
  if (count === 0) return [];
  if (header.readUInt16LE(54) !== PROGRAM_HEADER_BYTES || count > MAX_PROGRAM_HEADERS) {
    throw malformed(source, 'its program headers have an impossible size or number');
  }
  const start = word(source, header, 32);
  const table = exactly(source, start, count * PROGRAM_HEADER_BYTES, 'the program headers');
  return Array.from({ length: count }, (_, index) => {
    const at = index * PROGRAM_HEADER_BYTES;
    const type = table.readUInt32LE(at);
    // Only the types below are used; others may hold anything.
    if (type !== PT_LOAD && type !== PT_DYNAMIC && type !== PT_INTERP) {
      return { type, offset: 0, address: 0, size: 0 };
    }
    return {
      type,
      offset: word(source, table, at + 8),
      address: word(source, table, at + 16),
      size: word(source, table, at + 32),
    };
  });
}

function readInterpreter(source: ByteSource, segment: Segment): string {
  if (segment.size < 2 || segment.size > MAX_STRING) {
    throw malformed(source, 'the name of its interpreter has an impossible length');
  }
  const bytes = exactly(source, segment.offset, segment.size, 'the interpreter');
  const end = bytes.indexOf(0);
  if (end <= 0) throw malformed(source, 'the name of its interpreter does not end');
  return bytes.toString('utf8', 0, end);
}

type Dynamic = Pick<
  ElfFile,
  'needed' | 'soname' | 'rpath' | 'runpath' | 'noDefaultLibraries' | 'pie'
>;

function readDynamic(
  source: ByteSource,
  segment: Segment | undefined,
  segments: readonly Segment[],
): Dynamic {
  if (segment === undefined) return { needed: [], noDefaultLibraries: false, pie: false };
  // A file of debugging symbols keeps the header but has no bytes for it: nothing to read is no crime.
  if (segment.size > MAX_DYNAMIC_BYTES) throw malformed(source, 'its dynamic section is too large');
  const bytes = exactly(source, segment.offset, segment.size, 'the dynamic section');
  const needed: bigint[] = [];
  const values = new Map<number, bigint>();
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const tag = bytes.readBigUInt64LE(at);
    const value = bytes.readBigUInt64LE(at + 8);
    if (tag === BigInt(DT_NULL)) break;
    if (tag === BigInt(DT_NEEDED)) needed.push(value);
    else if (tag <= 0xffffffffn) values.set(Number(tag), value);
  }
  if (needed.length > MAX_NEEDED) throw malformed(source, 'it needs too many libraries');
  const string = stringTable(source, values, segments);
  const named = (key: 'soname' | 'rpath' | 'runpath', tag: number): Partial<Dynamic> => {
    const offset = values.get(tag);
    return offset === undefined ? {} : { [key]: string(offset) };
  };
  const flags = values.get(DT_FLAGS_1) ?? 0n;
  return {
    needed: needed.map(string),
    ...named('soname', DT_SONAME),
    ...named('rpath', DT_RPATH),
    ...named('runpath', DT_RUNPATH),
    noDefaultLibraries: (flags & BigInt(DF_1_NODEFLIB)) !== 0n,
    pie: (flags & BigInt(DF_1_PIE)) !== 0n,
  };
}

/** Gives strings of DT_STRTAB, whose place is an address: found through the segment that loads it. */
function stringTable(
  source: ByteSource,
  values: ReadonlyMap<number, bigint>,
  segments: readonly Segment[],
): (offset: bigint) => string {
  return (offset) => {
    const address = safe(source, values.get(DT_STRTAB) ?? 0n);
    const size = safe(source, values.get(DT_STRSZ) ?? 0n);
    const at = safe(source, offset);
    const home = segments.find((segment) => {
      return (
        segment.type === PT_LOAD &&
        address >= segment.address &&
        address - segment.address < segment.size
      );
    });
    if (home === undefined || at >= size) {
      throw malformed(source, 'a name lies outside its string table');
    }
    const start = home.offset + (address - home.address) + at;
    const bytes = source.read(start, Math.min(MAX_STRING, size - at));
    const end = bytes.indexOf(0);
    if (end < 0) throw malformed(source, 'a name in its string table does not end');
    return bytes.toString('utf8', 0, end);
  };
}

function exactly(source: ByteSource, offset: number, length: number, what: string): Buffer {
  const bytes = offset + length <= source.size ? source.read(offset, length) : Buffer.alloc(0);
  if (bytes.length < length) throw malformed(source, `it ends before ${what}`);
  return bytes;
}

function word(source: ByteSource, bytes: Buffer, at: number): number {
  return safe(source, bytes.readBigUInt64LE(at));
}

function safe(source: ByteSource, value: bigint): number {
  // Beyond this no file offset is real, and sums of numbers would lose digits.
  if (value > 0xffff_ffff_ffffn) throw malformed(source, 'an address or offset is out of range');
  return Number(value);
}

function malformed(source: ByteSource, why: string): LupineError {
  return new LupineError(`damaged or unusable ELF file: ${why}`, { where: source.name });
}
