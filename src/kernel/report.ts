/** What came out of a build, in numbers: options, file sizes, sections, and whether it boots directly. */

import { hasNote, readSections } from './elf.js';
import type { Section } from './elf.js';
import type { SectionSizes } from './types.js';

/** XEN_ELFNOTE_PHYS32_ENTRY: where a monitor enters a PVH kernel (include/xen/interface/elfnote.h). */
const PVH_NOTE = 18;

const readOnly =
  /^(?:\.rodata|\.notes|\.pci_fixup|\.orc_|__ksymtab|__kcrctab|__param|__modver|__ex_table|__tracepoint)/;

/**
 * Where the bytes of a kernel are when it runs. Everything between `__init_begin` and `__init_end`
 * counts as init: it is given back after boot.
 * @param symbols the text of System.map, for these two addresses.
 */
export function measureSections(vmlinux: Buffer, symbols: string): SectionSizes {
  const sizes = { text: 0, rodata: 0, data: 0, init: 0, bss: 0 };
  for (const { kind, section } of memorySections(vmlinux, symbols)) sizes[kind] += section.size;
  return sizes;
}

/** The sections that are a part of the running kernel, each with the kind of memory it is in. */
export function memorySections(
  vmlinux: Buffer,
  symbols: string,
): { readonly kind: keyof SectionSizes; readonly section: Section }[] {
  const begin = addressOf('__init_begin', symbols);
  const end = addressOf('__init_end', symbols);
  return readSections(vmlinux)
    .filter(({ allocated }) => allocated)
    .map((section) => {
      const started = begin !== undefined && section.address >= begin;
      const init = started && end !== undefined && section.address < end && !section.nobits;
      return { kind: init ? 'init' : kindOf(section), section };
    });
}

/** True when QEMU's microvm and others can enter this `vmlinux` directly. */
export function hasPvhEntry(vmlinux: Buffer): boolean {
  const notes = readSections(vmlinux).find(({ name }) => name === '.notes');
  return notes !== undefined && hasNote(vmlinux, notes, 'Xen', PVH_NOTE);
}

/** Options set to y in a `.config`. */
export function countOptions(config: string): number {
  return config.match(/^CONFIG_\w+=y$/gm)?.length ?? 0;
}

/** Which kind of memory a section will be, where it is not freed after boot. */
export function kindOf(section: Section): keyof SectionSizes {
  if (section.nobits) return 'bss';
  if (section.executable) return 'text';
  return readOnly.test(section.name) || !section.writable ? 'rodata' : 'data';
}

function addressOf(name: string, symbols: string): bigint | undefined {
  const found = new RegExp(`^([0-9a-f]+) \\w ${name}$`, 'm').exec(symbols)?.[1];
  return found === undefined ? undefined : BigInt(`0x${found}`);
}
