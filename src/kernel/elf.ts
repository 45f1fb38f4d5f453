/**
 * The little of an ELF file that a kernel's report needs: its sections, and its notes. 64-bit little
 * endian only; see elf(5).
 */

export interface Section {
  readonly name: string;
  /** Exact: a kernel's addresses are more than a number holds. */
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  /** Occupies no space in the file. */
  readonly nobits: boolean;
  /** Is a part of the running program. */
  readonly allocated: boolean;
  readonly executable: boolean;
  readonly writable: boolean;
}

const SHT_NOBITS = 8;
const SHF_WRITE = 1;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const SECTION_HEADER = 64;

/** The sections of an ELF file. @throws RangeError or Error when it is none. */
export function readSections(file: Buffer): Section[] {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new Error('not a 64-bit little-endian ELF file');
  }
  const table = Number(file.readBigUInt64LE(40));
  const count = file.readUInt16LE(60);
  const headers = Array.from({ length: count }, (_, index) =>
    header(file, table + index * SECTION_HEADER),
  );
  const names = headers[file.readUInt16LE(62)];
  return headers.slice(1).map(({ nameOffset, ...section }) => ({
    ...section,
    name: names === undefined ? '' : textAt(file, names.offset + nameOffset),
  }));
}

/** True when a note section has this owner and type. */
export function hasNote(file: Buffer, section: Section, owner: string, type: number): boolean {
  const notes = file.subarray(section.offset, section.offset + section.size);
  const aligned = (size: number) => (size + 3) & ~3;
  for (let at = 0; at + 12 <= notes.length;) {
    const nameSize = notes.readUInt32LE(at);
    const size = notes.readUInt32LE(at + 4);
    const name = textAt(notes.subarray(0, at + 12 + nameSize), at + 12);
    if (name === owner && notes.readUInt32LE(at + 8) === type) return true;
    at += 12 + aligned(nameSize) + aligned(size);
  }
  return false;
}

function header(file: Buffer, at: number) {
  const flags = Number(file.readBigUInt64LE(at + 8));
  return {
    nameOffset: file.readUInt32LE(at),
    nobits: file.readUInt32LE(at + 4) === SHT_NOBITS,
    address: file.readBigUInt64LE(at + 16),
    offset: Number(file.readBigUInt64LE(at + 24)),
    size: Number(file.readBigUInt64LE(at + 32)),
    writable: (flags & SHF_WRITE) !== 0,
    allocated: (flags & SHF_ALLOC) !== 0,
    executable: (flags & SHF_EXECINSTR) !== 0,
  };
}

function textAt(file: Buffer, at: number): string {
  const end = file.indexOf(0, at);
  return file.toString('latin1', at, end === -1 ? file.length : end);
}
