/**
 * What a kernel file is, before a monitor is started with it: an ELF with a PVH entry or a bzImage,
 * and how much of the guest's memory it takes. Anything else would run as garbage, without a word.
 *
 * Sources: elf(5); xen/include/public/elfnote.h (note 18, PHYS32_ENTRY);
 * Documentation/arch/x86/boot.rst (setup header).
 */

import { open, type FileHandle } from 'node:fs/promises';
import { LupineError, isSystemError } from '../support/errors.js';

export interface KernelFile {
  readonly format: 'elf' | 'bzimage';
  /** The first byte of guest memory behind the loaded kernel. */
  readonly end: number;
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly fileSize: number;
  readonly end: number;
}

const HEAD_BYTES = 4096;
const MAX_NOTE_BYTES = 64 * 1024;
const PT_LOAD = 1;
const PT_NOTE = 4;
const XEN_PHYS32_ENTRY = 18;

/** @throws LupineError when the file is missing or no monitor can boot it. */
export async function inspectKernel(path: string): Promise<KernelFile> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const head = await readAt(file, 0, HEAD_BYTES);
    const end = bzImageEnd(head);
    if (end !== undefined) return { format: 'bzimage', end };
    const segments = elfSegments(head);
    if (segments === undefined) {
      throw new LupineError('not a kernel', {
        where: path,
        fix: 'give an x86 ELF (vmlinux) or a bzImage',
      });
    }
    for (const note of segments.filter(({ type }) => type === PT_NOTE)) {
      const size = Math.min(note.fileSize, MAX_NOTE_BYTES);
      if (hasPvhEntry(await readAt(file, note.offset, size))) {
        const loads = segments.filter(({ type }) => type === PT_LOAD);
        return { format: 'elf', end: Math.max(0, ...loads.map((load) => load.end)) };
      }
    }
    throw new LupineError('the kernel has no PVH entry', {
      where: path,
      fix: 'build it with CONFIG_PVH=y, or give its bzImage',
    });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new LupineError('cannot read the kernel', { where: `${path} (${error.code ?? ''})` });
  } finally {
    await file?.close();
  }
}

async function readAt(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, position);
  return buffer.subarray(0, bytesRead);
}

/** Where a bzImage ends once unpacked in memory; undefined when this is none. */
export function bzImageEnd(head: Buffer): number | undefined {
  if (head.length < 0x264 || head.readUInt16LE(0x1fe) !== 0xaa55) return undefined;
  if (head.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined;
  const preferredAddress = head.readBigUInt64LE(0x258);
  return Number(preferredAddress) + head.readUInt32LE(0x260);
}

/** The program headers of a little-endian x86 ELF; undefined when this is none. */
export function elfSegments(head: Buffer): Segment[] | undefined {
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[5] !== 1) return undefined;
  const wide = head[4] === 2;
  const machine = head.readUInt16LE(18);
  if (machine !== (wide ? 62 : 3)) return undefined;
  const start = wide ? Number(head.readBigUInt64LE(32)) : head.readUInt32LE(28);
  const size = head.readUInt16LE(wide ? 54 : 42);
  const count = head.readUInt16LE(wide ? 56 : 44);
  if (size < (wide ? 56 : 32) || start + size * count > head.length) return undefined;
  const field = (at: number) => (wide ? Number(head.readBigUInt64LE(at)) : head.readUInt32LE(at));
  return Array.from({ length: count }, (_, index) => {
    const at = start + size * index;
    const address = field(at + (wide ? 24 : 12));
    return {
      type: head.readUInt32LE(at),
      offset: field(at + (wide ? 8 : 4)),
      fileSize: field(at + (wide ? 32 : 16)),
      end: address + field(at + (wide ? 40 : 20)),
    };
  });
}

/** True when a note segment names the entry that monitors start a kernel at. */
export function hasPvhEntry(notes: Buffer): boolean {
  let at = 0;
  while (at + 12 <= notes.length) {
    const nameSize = notes.readUInt32LE(at);
    const valueSize = notes.readUInt32LE(at + 4);
    const type = notes.readUInt32LE(at + 8);
    const name = notes.toString('latin1', at + 12, Math.min(at + 12 + nameSize, notes.length));
    if (type === XEN_PHYS32_ENTRY && name === 'Xen\0') return true;
    at += 12 + align4(nameSize) + align4(valueSize);
  }
  return false;
}

function align4(size: number): number {
  return Math.ceil(size / 4) * 4;
}
