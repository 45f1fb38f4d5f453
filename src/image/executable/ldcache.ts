/**
 * glibc's library cache, /etc/ld.so.cache, in the format `glibc-ld.so.cache1.1`: read (it may follow
 * the older `ld.so-1.7.0` one) and written. Only base entries for x86-64 are of interest: those of
 * `glibc-hwcaps` depend on a processor that is not here yet.
 *
 * Source: glibc, sysdeps/generic/dl-cache.h and elf/dl-cache.c.
 */

const OLD_MAGIC = 'ld.so-1.7.0\0';
const NEW_MAGIC = 'glibc-ld.so.cache1.1';
const OLD_HEADER = 16;
const OLD_ENTRY = 12;
const NEW_HEADER = 48;
const NEW_ENTRY = 24;
/** A library of libc 6 for x86-64. */
const FLAGS_X86_64 = 0x0303;
const LITTLE_ENDIAN = 2;
const MAX_ENTRIES = 200_000;
const MAX_STRING = 4096;

/**
 * Name (`libz.so.1`) → path, the first entry of a name as the loader takes it.
 * A cache that is damaged or of an unknown format gives what could be read: the loader too goes on
 * without it.
 */
export function parseLibraryCache(bytes: Buffer): ReadonlyMap<string, string> {
  const libraries = new Map<string, string>();
  const start = startOfNewFormat(bytes);
  if (start === undefined) return libraries;
  const cache = bytes.subarray(start);
  const count = cache.readUInt32LE(20);
  if (count > MAX_ENTRIES || NEW_HEADER + count * NEW_ENTRY > cache.length) return libraries;
  for (let index = 0; index < count; index += 1) {
    const at = NEW_HEADER + index * NEW_ENTRY;
    if (cache.readInt32LE(at) !== FLAGS_X86_64 || cache.readBigUInt64LE(at + 16) !== 0n) continue;
    const name = stringAt(cache, cache.readUInt32LE(at + 4));
    const path = stringAt(cache, cache.readUInt32LE(at + 8));
    if (name !== undefined && path?.startsWith('/') === true && !libraries.has(name)) {
      libraries.set(name, path);
    }
  }
  return libraries;
}

function startOfNewFormat(bytes: Buffer): number | undefined {
  let start = 0;
  if (startsWith(bytes, 0, OLD_MAGIC) && bytes.length >= OLD_HEADER) {
    const end = OLD_HEADER + bytes.readUInt32LE(12) * OLD_ENTRY;
    start = Math.ceil(end / 8) * 8;
  }
  const fits = startsWith(bytes, start, NEW_MAGIC) && bytes.length - start >= NEW_HEADER;
  return fits ? start : undefined;
}

function startsWith(bytes: Buffer, at: number, magic: string): boolean {
  return bytes.toString('latin1', at, at + magic.length) === magic;
}

function stringAt(cache: Buffer, at: number): string | undefined {
  if (at >= cache.length) return undefined;
  const end = cache.subarray(at, at + MAX_STRING).indexOf(0);
  return end <= 0 ? undefined : cache.toString('utf8', at, at + end);
}

/** A cache of exactly these libraries; the same bytes for the same map. */
export function formatLibraryCache(libraries: ReadonlyMap<string, string>): Buffer {
  // The loader searches by halves in falling order of its own comparison.
  const entries = [...libraries].sort(([a], [b]) => compareNames(b, a));
  const table = Buffer.alloc(NEW_HEADER + entries.length * NEW_ENTRY);
  const strings: Buffer[] = [];
  let end = table.length;
  const place = (text: string): number => {
    const bytes = Buffer.from(`${text}\0`);
    strings.push(bytes);
    end += bytes.length;
    return end - bytes.length;
  };
  table.write(NEW_MAGIC, 'latin1');
  table.writeUInt32LE(entries.length, 20);
  entries.forEach(([name, path], index) => {
    const at = NEW_HEADER + index * NEW_ENTRY;
    table.writeInt32LE(FLAGS_X86_64, at);
    table.writeUInt32LE(place(name), at + 4);
    table.writeUInt32LE(place(path), at + 8);
  });
  table.writeUInt32LE(end - table.length, 24);
  table.writeUInt8(LITTLE_ENDIAN, 28);
  return Buffer.concat([table, ...strings]);
}

/** glibc's `_dl_cache_libcmp`: byte order, but runs of digits by their value, and digits last. */
export function compareNames(a: string, b: string): number {
  const left = parts(a);
  const right = parts(b);
  for (let index = 0; ; index += 1) {
    const x = left[index];
    const y = right[index];
    if (x === undefined || y === undefined)
      return Number(y === undefined) - Number(x === undefined);
    if (typeof x !== typeof y) return typeof x === 'bigint' ? 1 : -1;
    if (x !== y) return x < y ? -1 : 1;
  }
}

/** A number for each run of digits, a character for each other byte. */
function parts(name: string): readonly (bigint | string)[] {
  const bytes = Buffer.from(name).toString('latin1');
  return [...bytes.matchAll(/([0-9]+)|[^0-9]/gs)].map(([text, digits]) => {
    return digits === undefined ? text : BigInt(digits);
  });
}
