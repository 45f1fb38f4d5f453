/**
 * What each symbol of a built kernel takes. The kernel is stripped and System.map has no sizes, so a
 * symbol reaches to the next one of its section: padding, and what has no symbol of its own (strings
 * above all), counts for the symbol before it. All symbols together are all of the kernel's sections.
 */

import { inOrder } from './costs.js';
import { memorySections } from './report.js';
import type { SectionSizes } from './types.js';

export interface SymbolSize {
  /** Of several at one address the one with least underscores before it; null for what none stands before. */
  readonly name: string | null;
  /** The other names at its address. */
  readonly aliases: readonly string[];
  /** `.init.text` */
  readonly section: string;
  /** The kind of memory it is in. */
  readonly kind: keyof SectionSizes;
  readonly bytes: number;
}

/** Measures all symbols, the largest first. @param map the text of System.map. */
export function measureSymbols(vmlinux: Buffer, map: string): SymbolSize[] {
  const addresses = namesByAddress(map);
  const sorted = [...addresses.keys()].sort((a, b) => (a < b ? -1 : 1));
  return memorySections(vmlinux, map)
    .flatMap(({ kind, section }) => {
      const end = section.address + BigInt(section.size);
      const inside = sorted.filter((address) => address >= section.address && address < end);
      const starts = inside[0] === section.address ? inside : [section.address, ...inside];
      return starts.map((start, index): SymbolSize => {
        const [name = null, ...aliases] = (addresses.get(start) ?? []).sort(byUnderscores);
        const bytes = Number((starts[index + 1] ?? end) - start);
        return { name, aliases, section: section.name, kind, bytes };
      });
    })
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes || inOrder(a.name, b.name));
}

/** Without the absolute ones, which are numbers and no places. */
function namesByAddress(map: string): Map<bigint, string[]> {
  const found = new Map<bigint, string[]>();
  for (const [, digits = '', name = ''] of map.matchAll(/^([0-9a-f]+) [^Aa] (.+)$/gm)) {
    const address = BigInt(`0x${digits}`);
    const names = found.get(address);
    if (names === undefined) found.set(address, [name]);
    else names.push(name);
  }
  return found;
}

/** Marks of the link, such as `__start_rodata`, after what they stand before. */
function byUnderscores(a: string, b: string): number {
  return (/^_*/.exec(a)?.[0].length ?? 0) - (/^_*/.exec(b)?.[0].length ?? 0);
}
