/**
 * Bundles: a unikernel as a directory that can be carried elsewhere. `unikernel.json` is written last,
 * so a directory without it is no bundle, and a copy cut short is seen.
 */

import { existsSync } from 'node:fs';
import {
  constants,
  copyFile,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { profiles, variants } from '../kernel/types.js';
import { rootfsFormats } from '../rootfs/types.js';
import type { Context } from '../support/context.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { temporaryDirectory } from '../support/temporary.js';
import type { Description, Unikernel } from './types.js';

const DESCRIPTION = 'unikernel.json';

const names = {
  kernel: 'vmlinux',
  kernelConfig: 'kernel.config',
  rootfs: 'rootfs.img',
  init: 'init',
  features: 'features.json',
} as const;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const strings = v.array(v.string());

/** Of `unikernel.json`. */
export const DescriptionSchema = v.object({
  version: v.literal(1),
  name: v.string(),
  image: v.object({ reference: v.string(), digest: v.string(), architecture: v.string() }),
  config: v.object({
    entrypoint: strings,
    cmd: strings,
    env: strings,
    user: v.string(),
    workingDir: v.string(),
    exposedPorts: strings,
    volumes: strings,
    stopSignal: v.string(),
    labels: v.record(v.string(), v.string()),
  }),
  application: v.nullable(v.string()),
  kernel: v.object({
    key: v.string(),
    version: v.string(),
    profile: v.picklist(profiles),
    variants: v.array(v.picklist(variants)),
    report: v.object({
      options: count,
      elfBytes: count,
      bzImageBytes: count,
      sections: v.object({ text: count, rodata: count, data: count, init: count, bss: count }),
      compiler: v.string(),
      buildSeconds: v.number(),
      pvh: v.boolean(),
    }),
  }),
  rootfs: v.object({ format: v.picklist(rootfsFormats), bytes: count, digest: v.string() }),
  network: v.boolean(),
  memory: count,
});

/** True where a path is a bundle, and so no image. */
export function isBundle(path: string): boolean {
  return existsSync(join(path, DESCRIPTION));
}

/**
 * Writes a unikernel as a bundle.
 * @param directory must not exist, or be empty.
 * @throws LupineError where something is there already.
 */
export async function writeBundle(
  { description: what, files }: Unikernel,
  directory: string,
  context: Context,
): Promise<void> {
  const target = resolve(directory);
  const present = await readdir(target).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return [];
    throw new LupineError('cannot write a bundle there', { where: directory, cause: error });
  });
  if (present.length > 0) {
    throw new LupineError('the directory is not empty', {
      where: directory,
      fix: 'name another with -o, or remove it',
    });
  }
  await mkdir(dirname(target), { recursive: true });
  const temporary = await temporaryDirectory(dirname(target));
  try {
    for (const key of Object.keys(names) as (keyof typeof names)[]) {
      context.signal?.throwIfAborted();
      await copyFile(files[key], join(temporary, names[key]), constants.COPYFILE_FICLONE);
    }
    await writeFile(join(temporary, DESCRIPTION), `${JSON.stringify(what, undefined, 2)}\n`);
    await rename(temporary, target);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Opens a bundle. @throws LupineError where a part is missing or the description is not ours. */
export async function readBundle(directory: string): Promise<Unikernel> {
  const path = join(resolve(directory), DESCRIPTION);
  let parsed;
  try {
    parsed = v.safeParse(DescriptionSchema, JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new LupineError('the bundle cannot be read', { where: path, cause });
  }
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new LupineError('the bundle was made by another version of Lupine, or is damaged', {
      where: `${path}: ${v.getDotPath(issue) ?? ''} ${issue.message}`,
      fix: 'build it again',
    });
  }
  const at = (name: string) => join(dirname(path), name);
  const files = {
    kernel: at(names.kernel),
    kernelConfig: at(names.kernelConfig),
    rootfs: at(names.rootfs),
    init: at(names.init),
    features: at(names.features),
  };
  const missing = Object.values(files).find((file) => !existsSync(file));
  if (missing !== undefined) {
    throw new LupineError('the bundle lacks a file', { where: missing, fix: 'build it again' });
  }
  const what: Description = parsed.output;
  await checkSize(files.kernel, what.kernel.report.elfBytes);
  await checkSize(files.rootfs, what.rootfs.bytes);
  return { description: { ...what, name: what.name || basename(directory) }, files };
}

/** Finds a copy that was cut short, which a guest would meet only when it reads the missing part. */
async function checkSize(path: string, expected: number): Promise<void> {
  const { size } = await stat(path);
  if (size === expected) return;
  throw new LupineError('the bundle is damaged', {
    where: `${path} has ${size} bytes of ${expected}`,
    fix: 'copy it again, or build it again',
  });
}
