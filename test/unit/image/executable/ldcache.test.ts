import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareNames,
  formatLibraryCache,
  parseLibraryCache,
} from '../../../../src/image/executable/ldcache.js';

/** What glibc's own tool reads in a cache: the first path of each name for x86-64, no hwcaps. */
function listedByLdconfig(file: string): Map<string, string> {
  const text = execFileSync('/sbin/ldconfig', ['-p', '-C', file], { encoding: 'utf8' });
  const found = new Map<string, string>();
  for (const [, name, flags, path] of text.matchAll(/^\t(\S+) \(([^)]*)\) => (\S+)$/gm)) {
    if (flags !== 'libc6,x86-64' || name === undefined || path === undefined) continue;
    if (!found.has(name)) found.set(name, path);
  }
  return found;
}

const libraries = new Map([
  ['libz.so.1', '/usr/lib/libz.so.1'],
  ['libx.so.10', '/opt/x/libx.so.10'],
  ['libx.so.9', '/opt/x/libx.so.9'],
  ['liba.so', '/lib/liba.so'],
]);

describe('library cache', () => {
  it('reads back what it writes', () => {
    expect(parseLibraryCache(formatLibraryCache(libraries))).toEqual(libraries);
  });

  it('writes what ldconfig reads, in the order its search relies on', () => {
    const directory = mkdtempSync(join(tmpdir(), 'lupine-ldcache-'));
    try {
      const file = join(directory, 'cache');
      writeFileSync(file, formatLibraryCache(libraries));
      const listed = listedByLdconfig(file);
      expect(listed).toEqual(libraries);
      expect([...listed.keys()]).toEqual(['libz.so.1', 'libx.so.10', 'libx.so.9', 'liba.so']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("reads this machine's cache as ldconfig does", () => {
    expect(existsSync('/etc/ld.so.cache')).toBe(true);
    const parsed = parseLibraryCache(readFileSync('/etc/ld.so.cache'));
    expect(parsed.size).toBeGreaterThan(50);
    expect(parsed).toEqual(listedByLdconfig('/etc/ld.so.cache'));
  });

  it('finds the new format behind the old one', () => {
    const old = Buffer.alloc(16 + 3 * 12);
    old.write('ld.so-1.7.0\0', 'latin1');
    old.writeUInt32LE(3, 12);
    const padding = Buffer.alloc((8 - (old.length % 8)) % 8);
    const bytes = Buffer.concat([old, padding, formatLibraryCache(libraries)]);
    expect(parseLibraryCache(bytes)).toEqual(libraries);
  });

  it('leaves out entries for certain processors and other machines', () => {
    const bytes = formatLibraryCache(
      new Map([
        ['a', '/a'],
        ['b', '/b'],
        ['c', '/c'],
      ]),
    );
    bytes.writeBigUInt64LE(1n << 62n, 48 + 16); // c, the first
    bytes.writeInt32LE(0x0003, 48 + 24); // b: 32-bit
    expect(parseLibraryCache(bytes)).toEqual(new Map([['a', '/a']]));
  });

  it('survives any damage', () => {
    const good = formatLibraryCache(libraries);
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), fc.nat(good.length), (changes, cut) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        for (const path of parseLibraryCache(bytes.subarray(0, cut)).values()) {
          expect(path.startsWith('/')).toBe(true);
        }
        parseLibraryCache(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});

/** glibc's comparison, written as in C. */
function libcmp(a: string, b: string): number {
  let i = 0;
  let j = 0;
  const digit = (c: string | undefined) => c !== undefined && c >= '0' && c <= '9';
  while (i < a.length) {
    if (digit(a[i])) {
      if (!digit(b[j])) return 1;
      let x = 0;
      let y = 0;
      while (digit(a[i])) x = x * 10 + Number(a[i++]);
      while (digit(b[j])) y = y * 10 + Number(b[j++]);
      if (x !== y) return x - y;
    } else if (digit(b[j])) return -1;
    else if (a[i] !== b[j]) return (a.charCodeAt(i) || 0) - (j < b.length ? b.charCodeAt(j) : 0);
    else {
      i += 1;
      j += 1;
    }
  }
  return j < b.length ? -1 : 0;
}

describe('compareNames', () => {
  it("agrees with glibc's", () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'b', '.', '0', '1', '2', '9', '-'),
      maxLength: 10,
    });
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(Math.sign(compareNames(a, b))).toBe(Math.sign(libcmp(a, b)));
      }),
      { numRuns: 2000 },
    );
  });
});
