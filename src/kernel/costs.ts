/**
 * What the parts of Linux cost a kernel: the bytes of its objects (object-sizes.ts), added up by what
 * they are there for or where their source is, and two kernels beside each other.
 */

import { bytesOf, type ObjectSize } from './object-sizes.js';
import type { SectionSizes } from './types.js';

export const costKeys = ['option', 'directory', 'object'] as const;
export type CostKey = (typeof costKeys)[number];

/** A part of a kernel. */
export interface Cost {
  /** Null: what objects without an option take together. */
  readonly name: string | null;
  /** All of `sizes`. */
  readonly bytes: number;
  readonly sizes: SectionSizes;
  readonly objects: number;
}

/** A part of one or both of two kernels, in bytes; absent where a kernel does not have it. */
export interface CostChange {
  readonly name: string | null;
  readonly before?: number;
  readonly after?: number;
  readonly difference: number;
}

/** How deep directories are told apart where nobody says how: `net/ipv4/`, `arch/x86/kernel/`. */
const DEPTH = 2;

const keys: Readonly<Record<CostKey, (object: ObjectSize) => string | null>> = {
  option: ({ option }) => option ?? null,
  directory: (object) => directoryOf(object, DEPTH),
  object: ({ path }) => path,
};

/** Every object counts in one part; the largest part comes first. */
export function costsBy(objects: readonly ObjectSize[], key: CostKey): Cost[] {
  return addUp(objects, keys[key]);
}

/** As {@link costsBy}, by a key of the caller's. */
export function addUp<T extends string | null>(
  objects: readonly ObjectSize[],
  keyOf: (object: ObjectSize) => T,
): (Cost & { readonly name: T })[] {
  const parts = new Map<T, ObjectSize[]>();
  for (const object of objects) {
    const key = keyOf(object);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [object]);
    else part.push(object);
  }
  return [...parts]
    .map(([name, members]) => ({ name, ...totalOf(members) }))
    .sort((a, b) => b.bytes - a.bytes || inOrder(a.name, b.name));
}

/** What objects take together. */
export function totalOf(objects: readonly ObjectSize[]): Omit<Cost, 'name'> {
  const sizes = { text: 0, rodata: 0, data: 0, init: 0, bss: 0 };
  for (const { sizes: own } of objects) {
    sizes.text += own.text;
    sizes.rodata += own.rodata;
    sizes.data += own.data;
    sizes.init += own.init;
    sizes.bss += own.bss;
  }
  const bytes = objects.reduce((sum, object) => sum + bytesOf(object), 0);
  return { bytes, sizes, objects: objects.length };
}

/**
 * The directory of an object's source, with its slash. @param depth names of it; one more below `arch/`,
 * where the first only says which machine. What is in no directory stands for itself: `kallsyms`.
 */
export function directoryOf({ path }: ObjectSize, depth: number): string {
  const names = path.split('/').slice(0, -1);
  const shown = names.slice(0, names[0] === 'arch' ? depth + 1 : depth);
  return shown.length === 0 ? path : `${shown.join('/')}/`;
}

/** What differs between two kernels, the largest difference first; parts of one name count together. */
export function compareCosts(
  before: readonly Pick<Cost, 'name' | 'bytes'>[],
  after: readonly Pick<Cost, 'name' | 'bytes'>[],
): CostChange[] {
  const [old, now] = [byName(before), byName(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((name) => {
      const [a, b] = [old.get(name), now.get(name)];
      return {
        name,
        ...(a === undefined ? {} : { before: a }),
        ...(b === undefined ? {} : { after: b }),
        difference: (b ?? 0) - (a ?? 0),
      };
    })
    .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference) || inOrder(a.name, b.name));
}

function byName(costs: readonly Pick<Cost, 'name' | 'bytes'>[]): Map<string | null, number> {
  const sums = new Map<string | null, number>();
  for (const { name, bytes } of costs) sums.set(name, (sums.get(name) ?? 0) + bytes);
  return sums;
}

/** By the alphabet, what has no name first. */
export function inOrder(a: string | null, b: string | null): number {
  const [first, second] = [a ?? '', b ?? ''];
  return first < second ? -1 : Number(first > second);
}
