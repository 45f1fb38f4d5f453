/**
 * What each object that was linked into a kernel takes of memory: the sizes of its sections, but for those
 * that the linker's map (CONFIG_VMLINUX_MAP) lists as discarded. That is not the linker's truth to the byte:
 * it merges equal strings, pads, and makes tables of its own. Objects are those that the command of the link
 * names, by archive: what an earlier build left behind is not counted.
 */

import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { run } from '../support/process.js';
import { readSections } from './elf.js';
import type { Section } from './elf.js';
import { kindOf } from './report.js';
import type { SectionSizes } from './types.js';

export interface ObjectSize {
  /** Of its source relative to the tree, without ending: `fs/eventpoll`. */
  readonly path: string;
  /** Without `CONFIG_`; absent where it is in every kernel, or where nobody knows. */
  readonly option?: string;
  /** Bytes. */
  readonly sizes: SectionSizes;
}

const bytes = v.pipe(v.number(), v.integer(), v.minValue(0));

/** By path: the option or null, then text, rodata, data, bss and init. There are thousands: kept short. */
const recordSchema = v.record(
  v.string(),
  v.tuple([v.nullable(v.string()), bytes, bytes, bytes, bytes, bytes]),
);

/** The table of all symbols: made while linking, and in no archive. */
const kallsyms = {
  pattern: /^\.tmp_vmlinux.*kallsyms.*\.o$/,
  path: 'kallsyms',
  option: 'KALLSYMS',
};

/** Freed after boot on x86 (arch/x86/kernel/vmlinux.lds.S). */
const init =
  /^\.(?:init\.|exit\.|altinstr|apicdrivers|parainstructions|re(?:tpoline|turn)_sites|call_sites|cfi_sites|ibt_endbr|initcall)|\.init$|^(?:runtime_|__earlycon_table)/;
/** Allocated in an object, but for tools or modules: the link leaves it out or sets it aside. */
const discarded =
  /^\.(?:discard|exitcall|modinfo|eh_frame|note\.(?!Xen|Linux)|llvm|gnu\.|export_symbol)/;

/**
 * Measures the objects of a `vmlinux`, in the order of their paths.
 * @param output the directory it was built in. @param symbols the text of its System.map.
 * @param optionOf the option that an object is there for.
 * @returns none for a Linux that is linked in another way than 6.1 and 6.12.
 */
export async function measureObjects(
  output: string,
  symbols: string,
  optionOf: (path: string) => string | undefined,
): Promise<ObjectSize[]> {
  const objects: ObjectSize[] = [];
  const leftOut = await discardedSections(output);
  for (const path of await linkedObjects(output, symbols)) {
    const option = optionOf(path);
    const sizes = measureObject(await readFile(join(output, `${path}.o`)), leftOut.get(path));
    objects.push({ path, ...(option === undefined ? {} : { option }), sizes });
  }
  const table = (await readdir(output))
    .filter((name) => kallsyms.pattern.test(name))
    .sort()
    .at(-1);
  if (table === undefined || objects.length === 0) return objects;
  const sizes = measureObject(await readFile(join(output, table)));
  return [...objects, { path: kallsyms.path, option: kallsyms.option, sizes }];
}

/** Sections by name and size: how many of an object's are of each. */
type SectionCounts = Map<string, number>;

/**
 * Where the bytes of one object will be. @param leftOut the sections that the linker discarded.
 * @throws Error when it is no ELF file.
 */
function measureObject(file: Buffer, leftOut: SectionCounts = new Map()): SectionSizes {
  const sizes = { text: 0, rodata: 0, data: 0, init: 0, bss: 0 };
  const left = new Map(leftOut);
  for (const section of readSections(file)) {
    if (!section.allocated || discarded.test(section.name)) continue;
    const key = countKey(section.name, section.size);
    const count = left.get(key) ?? 0;
    if (count > 0) left.set(key, count - 1);
    else sizes[init.test(section.name) ? 'init' : memoryKind(section)] += section.size;
  }
  return sizes;
}

function countKey(name: string, size: number): string {
  return `${name} ${size}`;
}

/** What the link discarded of each object, by its path without `.o`; nothing where there is no map. */
async function discardedSections(output: string): Promise<Map<string, SectionCounts>> {
  const found = new Map<string, SectionCounts>();
  const name = 'vmlinux.map';
  if (!(await readdir(output)).includes(name)) return found;
  const map = await readFile(join(output, name), 'utf8');
  const list = /^Discarded input sections$([^]*?)^Memory Configuration$/m.exec(map)?.[1] ?? '';
  // A long name has a line of its own.
  for (const [, section = '', size, path = ''] of list.matchAll(
    /^ (\S+)\s+0x0+\s+0x([0-9a-f]+) (\S+)\.o$/gm,
  )) {
    const counts: SectionCounts = found.get(path) ?? new Map<string, number>();
    const key = countKey(section, Number(`0x${size}`));
    counts.set(key, (counts.get(key) ?? 0) + 1);
    found.set(path, counts);
  }
  return found;
}

/** All that an object takes when the kernel starts; its init part is given back. */
export function bytesOf({ sizes }: ObjectSize): number {
  return sizes.text + sizes.rodata + sizes.data + sizes.bss + sizes.init;
}

export async function writeObjects(path: string, objects: readonly ObjectSize[]): Promise<void> {
  const record: v.InferOutput<typeof recordSchema> = Object.fromEntries(
    objects.map(({ path: object, option = null, sizes: { text, rodata, data, bss, init } }) => [
      object,
      [option, text, rodata, data, bss, init],
    ]),
  );
  await writeFile(path, JSON.stringify(record));
}

/** Reads what {@link writeObjects} wrote. @throws when it is missing or something else. */
export async function readObjects(path: string): Promise<ObjectSize[]> {
  const record = v.parse(recordSchema, JSON.parse(await readFile(path, 'utf8')));
  return Object.entries(record).map(([object, [option, text, rodata, data, bss, init]]) => ({
    path: object,
    ...(option === null ? {} : { option }),
    sizes: { text, rodata, data, bss, init },
  }));
}

/** Some data is read-only once the kernel runs: the link puts it there. */
function memoryKind(section: Section): keyof SectionSizes {
  return /^\.data\.\.ro_after_init|^\.data\.rel\.ro/.test(section.name)
    ? 'rodata'
    : kindOf(section);
}

/** Paths without `.o`, sorted: all of the archives that are taken whole, of others what was needed. */
async function linkedObjects(output: string, symbols: string): Promise<string[]> {
  const command = await linkCommand(output);
  const archives = (options: RegExp) =>
    options
      .exec(command)?.[1]
      ?.split(' ')
      .filter((word) => word.endsWith('.a')) ?? [];
  const whole = archives(/ --whole-archive (.*?) --no-whole-archive /);
  const libraries = archives(/ --start-group (.*?) --end-group/);
  const members = await Promise.all(
    whole.map((archive) => run('ar', ['t', archive], { cwd: output })),
  );
  const found = members.flatMap(({ stdout }) => stdout.split('\n')).filter((name) => name !== '');
  const needed = libraries.length === 0 ? [] : await neededMembers(libraries, output, symbols);
  return [...new Set([...found, ...needed].map((name) => name.replace(/\.o$/, '')))].sort();
}

/** As kbuild keeps it beside its outcome; empty where there is none. */
async function linkCommand(output: string): Promise<string> {
  const name = '.vmlinux.o.cmd';
  if (!(await readdir(output)).includes(name)) return '';
  return (await readFile(join(output, name), 'utf8')).split('\n')[0]?.replace(/\s+/g, ' ') ?? '';
}

/** Of an archive only that is linked which defines what others lack: its names are in the kernel then. */
async function neededMembers(
  libraries: readonly string[],
  output: string,
  symbols: string,
): Promise<Set<string>> {
  const present = new Set(
    [...symbols.matchAll(/^[0-9a-f]+ [A-Z] (\S+)$/gm)].map(([, name]) => name),
  );
  const { stdout } = await run('nm', ['-A', '-g', '--defined-only', ...libraries], { cwd: output });
  const definitions = stdout.matchAll(/^[^:\n]+:([^:\n]+):[0-9a-f]+ [TDBR] (\S+)$/gm);
  return new Set(
    [...definitions].filter(([, , name]) => present.has(name)).map(([, member = '']) => member),
  );
}
