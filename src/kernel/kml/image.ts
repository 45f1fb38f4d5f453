/**
 * An x86-64 ELF file as the text that a process has of it: which bytes are at an address, and where the bytes
 * of SYSCALL are in its executable sections. The file is foreign input: every offset is checked.
 */

import { readFile, stat } from 'node:fs/promises';
import { LupineError, isSystemError } from '../../support/errors.js';
import { readSections } from '../elf.js';
import type { Section } from '../elf.js';

export const PAGE = 4096;
const MAX_BYTES = 1 << 30;
/** Where the user half of the address space ends. */
const USER_END = 2 ** 47;
const EM_X86_64 = 62;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const HEADER = 64;
const PROGRAM_HEADER = 56;
const SYSCALL = Buffer.from([0x0f, 0x05]);

interface Segment {
  readonly address: number;
  readonly offset: number;
  /** Bytes that come from the file. */
  readonly size: number;
}

export class TextImage {
  readonly #file: Buffer;
  readonly #segments: readonly Segment[];
  /** Addresses of `0f 05` in executable sections, be it an instruction or not; ascending. */
  readonly candidates: readonly number[];

  /** @throws LupineError when it is no x86-64 program or library. @param name for messages. */
  constructor(file: Buffer, name: string) {
    this.#file = file;
    const { sections, segments } = readLayout(file, name);
    this.#segments = segments;
    this.candidates = sections
      .filter(({ executable, allocated, nobits }) => executable && allocated && !nobits)
      .flatMap((section) => candidatesOf(file, section))
      .sort((a, b) => a - b);
  }

  /** What is in memory there, whole pages of the file as they are mapped; undefined unless all of it is. */
  read(address: number, length: number): Buffer | undefined {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length;) {
      const at = address + done;
      const count = Math.min(length - done, PAGE - (at % PAGE));
      const offset = this.#offsetOf(at);
      if (offset === undefined || offset + count > this.#file.length) return undefined;
      this.#file.copy(bytes, done, offset, offset + count);
      done += count;
    }
    return bytes;
  }

  #offsetOf(address: number): number | undefined {
    const page = address - (address % PAGE);
    const segment = this.#segments.find(
      (one) => one.address < page + PAGE && page < one.address + one.size,
    );
    if (segment === undefined) return undefined;
    const offset = address - segment.address + segment.offset;
    return offset < 0 ? undefined : offset;
  }
}

/** @throws LupineError when it may not be read, or is no x86-64 program or library. */
export async function openTextImage(path: string): Promise<TextImage> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) {
      throw new LupineError('this file is too large to be looked at', { where: path });
    }
    return new TextImage(await readFile(path), path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new LupineError('this file cannot be read', { where: path, cause: error });
  }
}

function readLayout(file: Buffer, name: string) {
  if (file.length < HEADER || file.readUInt32BE(0) !== 0x7f454c46) {
    throw new LupineError('this is not an ELF file', { where: name });
  }
  const type = file.readUInt16LE(16);
  if (
    file[4] !== 2 ||
    file[5] !== 1 ||
    file.readUInt16LE(18) !== EM_X86_64 ||
    (type !== ET_EXEC && type !== ET_DYN)
  ) {
    throw new LupineError('this is no x86-64 program or library', { where: name });
  }
  try {
    const sections = readSections(file);
    if (sections.some((one) => one.executable && Number(one.address) + one.size > USER_END)) {
      throw new LupineError('this file is not for a process: its code is too high', {
        where: name,
      });
    }
    if (sections.length > 0) return { sections, segments: readSegments(file) };
  } catch (error) {
    if (error instanceof LupineError) throw error;
    throw new LupineError('this ELF file is damaged', { where: name, cause: error });
  }
  throw new LupineError('this ELF file has no sections: nobody knows what of it is code', {
    where: name,
  });
}

function readSegments(file: Buffer): readonly Segment[] {
  const table = Number(file.readBigUInt64LE(32));
  const count = file.readUInt16LE(56);
  return Array.from({ length: count }, (_, index) => table + index * PROGRAM_HEADER)
    .filter((at) => file.readUInt32LE(at) === PT_LOAD)
    .map((at) => ({
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    }));
}

function candidatesOf(file: Buffer, section: Section): number[] {
  const bytes = file.subarray(section.offset, section.offset + section.size);
  const found: number[] = [];
  for (let at = bytes.indexOf(SYSCALL); at !== -1; at = bytes.indexOf(SYSCALL, at + 1)) {
    found.push(Number(section.address) + at);
  }
  return found;
}
