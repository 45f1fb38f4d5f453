/** Built kernels in the cache: what an entry holds, opening one, listing all. */

import { readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { isSystemError } from '../support/errors.js';
import { cacheDirectory } from '../support/paths.js';
import type { EarlierBuild } from './make-output.js';
import type { Kernel } from './types.js';

const bytes = v.pipe(v.number(), v.minValue(0));

const recordSchema = v.object({
  label: v.string(),
  version: v.string(),
  line: v.string(),
  origin: v.string(),
  /** Objects compiled: what the next build's progress is measured by. */
  objects: v.number(),
  report: v.object({
    options: v.number(),
    elfBytes: bytes,
    bzImageBytes: bytes,
    sections: v.object({ text: bytes, rodata: bytes, data: bytes, init: bytes, bss: bytes }),
    compiler: v.string(),
    buildSeconds: v.number(),
    pvh: v.boolean(),
  }),
});

type Record = v.InferOutput<typeof recordSchema>;

const RECORD = 'kernel.json';

/** The store of built kernels. */
export function buildsDirectory(): string {
  return join(cacheDirectory(), 'kernel', 'builds');
}

/** Writes what is known of a build into its entry. */
export async function writeRecord(entry: string, record: Record): Promise<void> {
  await writeFile(join(entry, RECORD), `${JSON.stringify(record, null, 2)}\n`);
}

/** Opens an entry of the store. @throws a system error with ENOENT when there is none. */
export async function openKernel(entry: string): Promise<Kernel> {
  const { label, version, report } = await readRecord(entry);
  return {
    key: basename(entry),
    label,
    version,
    vmlinux: join(entry, 'vmlinux'),
    bzImage: join(entry, 'bzImage'),
    config: join(entry, 'config'),
    systemMap: join(entry, 'System.map'),
    features: join(entry, 'features.json'),
    objects: join(entry, 'objects.json'),
    report,
  };
}

/** All built kernels in the cache, by label. */
export async function listKernels(): Promise<Kernel[]> {
  const kernels = await Promise.all((await entries()).map((entry) => openKernel(entry)));
  return kernels.sort((a, b) => a.label.localeCompare(b.label) || a.key.localeCompare(b.key));
}

/** What earlier builds of a line needed, for the progress of the next. */
export async function earlierBuilds(line: string): Promise<EarlierBuild[]> {
  const records = await Promise.all((await entries()).map((entry) => readRecord(entry)));
  return records
    .filter((record) => record.line === line)
    .map(({ objects, report }) => ({ objects, options: report.options }));
}

async function entries(): Promise<string[]> {
  try {
    const names = await readdir(buildsDirectory());
    return names
      .filter((name) => !name.startsWith('.'))
      .map((name) => join(buildsDirectory(), name));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

async function readRecord(entry: string): Promise<Record> {
  return v.parse(recordSchema, JSON.parse(await readFile(join(entry, RECORD), 'utf8')));
}
