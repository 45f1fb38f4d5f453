/** ELF files as small as they can be, for tests of what reads kernels. */

export interface Piece {
  readonly name: string;
  readonly flags: number;
  readonly address: number | bigint;
  readonly size: number;
  readonly nobits?: boolean;
  readonly content?: Buffer;
}

/** Flags of sections: writable, allocated, executable. */
export const W = 1;
export const A = 2;
export const X = 4;

/** A file with nothing but a header, section contents and section headers. */
export function elf(pieces: readonly Piece[]): Buffer {
  const names = Buffer.from(`\0${[...pieces.map(({ name }) => name), '.shstrtab'].join('\0')}\0`);
  const parts: Buffer[] = [Buffer.alloc(64), names];
  let end = 64 + names.length;
  const headers = pieces.map(({ name, flags, address, size, nobits, content }) => {
    const header = sectionHeader(
      names.indexOf(`${name}\0`),
      nobits === true ? 8 : 1,
      flags,
      address,
      end,
      size,
    );
    if (content !== undefined) {
      parts.push(content);
      end += content.length;
    }
    return header;
  });
  const table = [
    Buffer.alloc(64),
    ...headers,
    sectionHeader(names.indexOf('.shstrtab'), 3, 0, 0, 64, names.length),
  ];
  const head = parts[0] ?? Buffer.alloc(0);
  head.writeUInt32BE(0x7f454c46, 0);
  head.set([2, 1], 4);
  head.writeBigUInt64LE(BigInt(end), 40);
  head.writeUInt16LE(table.length, 60);
  head.writeUInt16LE(table.length - 1, 62);
  return Buffer.concat([...parts, ...table]);
}

function sectionHeader(
  name: number,
  type: number,
  flags: number,
  address: number | bigint,
  offset: number,
  size: number,
): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32LE(name, 0);
  header.writeUInt32LE(type, 4);
  [flags, address, offset, size].forEach((value, index) =>
    header.writeBigUInt64LE(BigInt(value), 8 + index * 8),
  );
  return header;
}
