import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import {
  bzImageEnd,
  elfSegments,
  hasPvhEntry,
  inspectKernel,
} from '../../../src/monitor/kernel-file.js';

const directory = mkdtempSync(join(tmpdir(), 'lupine-kernel-file-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, bytes: Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return path;
}

const pvhNote = Buffer.from('040000000400000012000000' + '58656e00' + '00001000', 'hex');

/** A 64-bit ELF that loads [16 MiB, 18 MiB), with a note segment. */
function elf(note: Buffer): Buffer {
  const bytes = Buffer.alloc(64 + 2 * 56);
  Buffer.from('7f454c46020101', 'hex').copy(bytes);
  bytes.writeUInt16LE(62, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  bytes.writeUInt32LE(1, 64);
  bytes.writeBigUInt64LE(0x1000000n, 64 + 24);
  bytes.writeBigUInt64LE(0x200000n, 64 + 40);
  bytes.writeUInt32LE(4, 120);
  bytes.writeBigUInt64LE(BigInt(bytes.length), 120 + 8);
  bytes.writeBigUInt64LE(BigInt(note.length), 120 + 32);
  return Buffer.concat([bytes, note]);
}

test('an ELF with a PVH note, and where it ends in memory', async () => {
  expect(await inspectKernel(file('vmlinux', elf(pvhNote)))).toEqual({
    format: 'elf',
    end: 0x1200000,
  });
});

test('an ELF without a PVH note names the option', async () => {
  await expect(inspectKernel(file('old', elf(Buffer.alloc(16))))).rejects.toMatchObject({
    message: 'the kernel has no PVH entry',
    fix: expect.stringContaining('CONFIG_PVH') as unknown,
  });
});

test('a bzImage', async () => {
  const bytes = Buffer.alloc(1024);
  bytes.writeUInt16LE(0xaa55, 0x1fe);
  bytes.write('HdrS', 0x202);
  bytes.writeBigUInt64LE(0x1000000n, 0x258);
  bytes.writeUInt32LE(0x800000, 0x260);
  expect(await inspectKernel(file('bzImage', bytes))).toEqual({
    format: 'bzimage',
    end: 0x1800000,
  });
});

test('something else, nothing, a directory', async () => {
  await expect(inspectKernel(file('text', Buffer.from('hello')))).rejects.toThrow('not a kernel');
  await expect(inspectKernel(join(directory, 'absent'))).rejects.toThrow('cannot read the kernel');
  await expect(inspectKernel(directory)).rejects.toThrow('cannot read the kernel');
});

test('hostile headers end in a plain answer', () => {
  const elfLike = fc
    .uint8Array({ minLength: 64, maxLength: 512 })
    .map((bytes) => Buffer.concat([Buffer.from('7f454c460201', 'hex'), bytes.subarray(6)]));
  fc.assert(
    fc.property(
      fc.oneof(
        elfLike,
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        elfSegments(bytes);
        bzImageEnd(bytes);
        hasPvhEntry(bytes);
      },
    ),
  );
});
