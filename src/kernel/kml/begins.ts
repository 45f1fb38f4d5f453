/**
 * Does an instruction begin at an address? The kernel's answer, by the same rule (`kml_insn_begins`): the
 * 63 bytes before are decoded from 16 starts, and all must come to the address. Here objdump decodes.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_INSTRUCTION } from './instruction.js';
import { PAGE, type TextImage } from './image.js';
import { objdump } from './objdump.js';

/** Bytes before and behind (`KML_WINDOW`). */
const WINDOW = 64;
/** So many ways to decode must agree (`KML_STARTS`). */
const STARTS = 16;
const NOP = 0x90;

/** One piece of text to decode, and where in all pieces an instruction has to begin. */
interface Piece {
  readonly bytes: Buffer;
  readonly wanted: number;
}

/** The addresses of those given at which an instruction begins, as the kernel sees it. */
export async function instructionsBegin(
  image: TextImage,
  addresses: Iterable<number>,
  signal?: AbortSignal,
): Promise<ReadonlySet<number>> {
  const wanted = new Map<number, number[]>();
  const pieces: Buffer[] = [];
  let length = 0;
  for (const address of new Set(addresses)) {
    const starts = piecesOf(image, address);
    if (starts === undefined) continue;
    wanted.set(
      address,
      starts.map((piece) => {
        const at = length + piece.wanted;
        pieces.push(piece.bytes);
        length += piece.bytes.length;
        return at;
      }),
    );
  }
  if (length === 0) return new Set();
  const begun = await decode(Buffer.concat(pieces), new Set([...wanted.values()].flat()), signal);
  return new Set(
    [...wanted].filter(([, all]) => all.every((at) => begun.has(at))).map(([address]) => address),
  );
}

function piecesOf(image: TextImage, address: number): readonly Piece[] | undefined {
  const text = textBefore(image, address);
  if (text === undefined) return undefined;
  return Array.from({ length: STARTS }, (_, start) => ({
    // The decoder is in step again behind the longest instruction: each piece stands alone.
    bytes: Buffer.concat([text.bytes.subarray(start), Buffer.alloc(MAX_INSTRUCTION, NOP)]),
    wanted: text.at - start,
  }));
}

/** As `kml_read_text`: the window around, or what of it is on the page. `at`: the address, in the bytes. */
function textBefore(image: TextImage, address: number): { bytes: Buffer; at: number } | undefined {
  // The kernel's window is around an instruction pointer, one behind the address.
  const pointer = address + 1;
  const page = pointer - (pointer % PAGE);
  const whole = pointer >= WINDOW && image.read(pointer - WINDOW, 2 * WINDOW) !== undefined;
  const here = whole ? WINDOW : Math.min(pointer - page, WINDOW);
  if (!whole && here <= STARTS) return undefined;
  const behind = whole ? WINDOW : Math.min(page + PAGE - pointer, WINDOW);
  const bytes = image.read(pointer - here, here + Math.min(behind, MAX_INSTRUCTION));
  return bytes === undefined ? undefined : { bytes, at: here - 1 };
}

async function decode(
  bytes: Buffer,
  wanted: ReadonlySet<number>,
  signal?: AbortSignal,
): Promise<ReadonlySet<number>> {
  const begun = new Set<number>();
  const directory = await mkdtemp(join(tmpdir(), 'lupine-kml-'));
  try {
    const file = join(directory, 'text');
    await writeFile(file, bytes);
    const raw = ['-D', '-b', 'binary', '-m', 'i386:x86-64', '-z', '-w', '--no-show-raw-insn', file];
    await objdump(
      raw,
      (line) => {
        const colon = line.indexOf(':\t');
        if (colon === -1) return;
        const at = parseInt(line.slice(0, colon), 16);
        if (wanted.has(at)) begun.add(at);
      },
      signal,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return begun;
}
